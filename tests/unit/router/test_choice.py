"""Which flow a message would start."""

from uuid import UUID, uuid5

import pytest

from services.router.domain.choice import Choice, choose
from services.router.domain.message import Message
from services.router.domain.organization import Chatbot, Number, Organization, Setup, Trigger, compile_setup

ORGANIZATION = UUID("1b1a4e43-6d3c-4bd5-8f4e-51a4c5b9f003")
BOT = UUID("1b1a4e43-6d3c-4bd5-8f4e-51a4c5b9f004")
NUMBER, OTHER = "100200", "100300"


def flow(name: str) -> UUID:
    return uuid5(ORGANIZATION, name)


def plan(*triggers: Trigger, fallback=True, default=True, main=True, is_active=True):
    numbers = [
        Number(NUMBER, "", BOT, flow("default") if default else None, "", True),
        Number(OTHER, "", None, None, "", True),
    ]
    chatbots = [Chatbot(BOT, "Bot", flow("main") if main else None, is_active)]
    organization = Organization(ORGANIZATION, "Loja", flow("fallback") if fallback else None, "UTC")
    return compile_setup(Setup(organization, numbers, chatbots, triggers))


def chosen(setup, text="oi", number=NUMBER, owner="bot", is_flow_input=True):
    message = Message("e", number, text=text, is_flow_input=is_flow_input)
    return choose(setup, message, owner=owner)


def test_the_order_is_keyword_number_chatbot_fallback_nothing():
    trigger = Trigger("oi", "exact", flow("keyword"))
    assert [
        chosen(plan(trigger)),
        chosen(plan()),
        chosen(plan(default=False)),
        chosen(plan(default=False, main=False)),
        chosen(plan(default=False, main=False, fallback=False)),
    ] == [
        Choice(True, flow("keyword"), "keyword"),
        Choice(True, flow("default"), "number"),
        Choice(True, flow("main"), "chatbot"),
        Choice(True, flow("fallback"), "fallback"),
        Choice(True, None, "none"),
    ]


def test_a_chatbot_that_is_not_active_is_skipped():
    assert chosen(plan(default=False, is_active=False)) == Choice(True, flow("fallback"), "fallback")


def test_a_conversation_of_a_person_is_silent_whatever_the_contact_writes():
    assert chosen(plan(Trigger("oi", "exact", flow("keyword"))), owner="person") == Choice(may_run_flow=False)


def test_what_is_no_flow_input_starts_nothing():
    assert chosen(plan(), is_flow_input=False) == Choice(may_run_flow=False)


@pytest.mark.parametrize(
    ("match", "keyword", "text", "fits"),
    [
        ("exact", "Menu", "  mENU \n", True),
        ("exact", "menu", "menu please", False),
        ("exact", "STRASSE", "straße", True),
        ("exact", "olá", "ola\u0301", True),
        ("contains", "pizza", "Quero uma PIZZA grande", True),
        ("contains", "pizza", "quero um suco", False),
        ("starts_with", "quero", "Quero pizza", True),
        ("starts_with", "quero", "não quero", False),
        ("contains", "a", "", False),
    ],
)
def test_keywords_are_compared_trimmed_and_without_regard_to_case(match, keyword, text, fits):
    choice = chosen(plan(Trigger(keyword, match, flow("keyword"))), text=text)
    assert (choice.reason == "keyword") is fits


@pytest.mark.parametrize("order", [("exact", "contains"), ("contains", "exact"), ("starts_with", "contains")])
def test_of_two_keywords_that_fit_the_earlier_wins_whatever_its_kind(order):
    triggers = [Trigger("oi", match, flow(match)) for match in order]
    assert chosen(plan(*triggers)).flow_id == flow(order[0])


def test_of_two_equal_exact_keywords_the_earlier_wins():
    assert chosen(plan(*(Trigger("oi", "exact", flow(name)) for name in "ab"))).flow_id == flow("a")


def test_a_keyword_of_one_number_does_not_count_on_another():
    setup = plan(Trigger("oi", "exact", flow("keyword"), OTHER))
    assert chosen(setup).reason == "number"
    assert chosen(setup, number=OTHER) == Choice(True, flow("keyword"), "keyword")
