"""A dialogue of three turns, however its webhooks arrive."""

from __future__ import annotations

import random

import pytest

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.shop import Shop, flow_of, texts

LINES = ("Bom dia!", "Zé da Roça", "12")
REPLIES = [
    "Oi ! 🌱 Aqui é o viveiro da horta.",
    "Como podemos chamar você?",
    "Zé da Roça, hoje temos:\n🍅 tomate\n🌶️ pimenta\n🥬 couve",
    "Quantas bandejas?",
    "Separadas 12 bandejas para Zé da Roça. Até sábado! 🪴",
]
PATH = ["n_begin", "n_welcome", "n_nickname", "n_offer", "n_trays", "n_thanks"]
TRANSCRIPT = [
    ("user", LINES[0]), ("bot", REPLIES[0]), ("bot", REPLIES[1]),
    ("user", LINES[1]), ("bot", REPLIES[2]), ("bot", REPLIES[3]),
    ("user", LINES[2]), ("bot", REPLIES[4]),
]  # fmt: skip


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop({"seedlings": flow_of("seedlings")})


def assert_whole_dialogue(shop: Shop, nth: int = 1) -> None:
    """State, variables, path, transcript and Graph calls after the last turn."""
    person = shop.person(nth)
    assert shop.replies(person) == REPLIES
    found = shop.conversation(person, token=shop.token())
    assert found["is_active"] is False
    assert found["current_state"] == {
        "current_node_id": None,
        "variables": {"apelido": LINES[1], "bandejas": "12"},
        "execution_path": PATH,
    }
    assert [(message["type"], message["content"]) for message in found["messages"]] == TRANSCRIPT
    assert found["total_messages"] == len(TRANSCRIPT)


def test_each_turn_answers_and_moves_the_state_on(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    expected = [
        (REPLIES[:2], "n_nickname", {}, PATH[:3]),
        (REPLIES[:4], "n_trays", {"apelido": LINES[1]}, PATH[:5]),
    ]
    for line, (replies, node, variables, path) in zip(LINES, expected, strict=False):
        shop.hear_text(person, line)
        found = shop.conversation(person, token=token)
        assert shop.replies(person) == replies
        assert (found["is_active"], found["current_state"]) == (
            True,
            {"current_node_id": node, "variables": variables, "execution_path": path},
        )
    shop.hear_text(person, LINES[2])
    assert_whole_dialogue(shop)


def test_three_messages_in_one_post_are_three_turns(shop: Shop) -> None:
    shop.hear(shop.person(), *texts(shop.person(), LINES))
    assert_whole_dialogue(shop)


def test_webhooks_that_arrive_twice_count_once(shop: Shop) -> None:
    person = shop.person()
    for message in texts(person, LINES):
        content = webhooks.body([webhooks.change(shop.number, [person], messages=[message])])
        shop.deliver(content)
        shop.deliver(content)
    shop.house.settle()
    assert_whole_dialogue(shop)


def test_late_repeats_in_any_order_and_company_change_nothing(shop: Shop) -> None:
    person = shop.person()
    messages = texts(person, LINES)
    shop.hear(person, *messages)
    repeats = messages * 3
    random.Random(20261122).shuffle(repeats)
    for pair in zip(repeats[::2], repeats[1::2], strict=False):
        shop.hear(person, *pair)
    assert_whole_dialogue(shop)


def test_a_wrong_number_is_asked_again_and_a_right_one_goes_on(shop: Shop) -> None:
    person = shop.person()
    shop.hear_text(person, *LINES[:2], "uma dúzia")
    again = shop.replies(person)[4:]
    assert len(again) == 1
    assert again[0] not in REPLIES
    assert shop.conversation(person, token=shop.token())["current_state"]["current_node_id"] == "n_trays"
    shop.hear_text(person, LINES[2])
    assert shop.replies(person)[5:] == REPLIES[4:]


def test_after_the_end_the_next_message_starts_afresh(shop: Shop) -> None:
    person = shop.person()
    shop.hear(person, *texts(person, (*LINES, "de novo")))
    assert shop.replies(person) == [*REPLIES, *REPLIES[:2]]
    state = shop.conversation(person, token=shop.token())["current_state"]
    assert (state["variables"], state["execution_path"]) == ({}, PATH[:3])


def test_two_people_at_once_do_not_mix(shop: Shop) -> None:
    one, other = shop.person(1), shop.person(2)
    mixed = [message for pair in zip(texts(one, LINES), texts(other, LINES), strict=True) for message in pair]
    shop.deliver_change([one, other], mixed)
    assert_whole_dialogue(shop, 1)
    assert_whole_dialogue(shop, 2)
