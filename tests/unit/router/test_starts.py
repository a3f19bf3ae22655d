"""Which of the published flows a message starts."""

from uuid import UUID, uuid5

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from services.router.cache import PlanCache
from services.router.domain.choice import Choice, choose
from services.router.domain.flow_triggers import (
    MOST_PATTERNS,
    MOST_WORDS,
    FlowTrigger,
    FlowTriggers,
    excess_of,
    triggers_as_text,
    triggers_in,
)
from services.router.domain.message import Button, Message, Referral
from services.router.domain.organization import Number, Organization, Setup, Trigger, compile_setup
from services.router.domain.patterns import LONGEST_TEXT, compile_pattern
from services.router.domain.texts import normal

ORGANIZATION = UUID("1b1a4e43-6d3c-4bd5-8f4e-51a4c5b9f103")
NUMBER, OTHER = "100200", "100300"
EXACT = FlowTrigger("keyword", "exact", ("menu",))
BEGINS = FlowTrigger("keyword", "starts_with", ("me",))
PART = FlowTrigger("keyword", "contains", ("nu",))
REGEX = FlowTrigger("keyword", "regex", ("^M.n.$",))
BUTTON = FlowTrigger("template_button")
AD = FlowTrigger("referral")
ANY = FlowTrigger("any")
FROM_AD = Referral("120226", "ad")
TAP = Button("ORDER-7", "Quero!")


def flow(name: str) -> UUID:
    return uuid5(ORGANIZATION, name)


def published(name: str, *triggers: FlowTrigger, at: int = 0) -> FlowTriggers:
    return FlowTriggers(flow(name), 2, at, triggers)


def setup(*flows: FlowTriggers, keywords: tuple[Trigger, ...] = (), default: bool = True) -> Setup:
    numbers = [Number(each, "", None, flow("default") if default else None, "", True) for each in (NUMBER, OTHER)]
    return Setup(Organization(ORGANIZATION, "Loja", flow("fallback"), "UTC"), numbers, (), keywords, flows)


def chosen(house: Setup, text: str = "Menu", number: str = NUMBER, **more) -> Choice:
    owner = more.pop("owner", "bot")
    return choose(compile_setup(house), Message("e", number, text=text, **more), owner=owner)


def name_of(choice: Choice, *names: str) -> str:
    return next(name for name in (*names, "default", "fallback") if flow(name) == choice.flow_id)


def test_the_order_is_exact_beginning_part_pattern_button_referral_any_then_the_number() -> None:
    kinds = {"exact": EXACT, "begins": BEGINS, "part": PART, "regex": REGEX, "button": BUTTON, "ad": AD, "any": ANY}
    left = list(kinds)
    order, reasons = [], []
    while True:
        # Whatever goes first was published first: kind goes before age.
        flows = [published(name, kinds[name], at=place) for place, name in enumerate(left)]
        choice = chosen(setup(*flows), button=TAP, referral=FROM_AD)
        order.append(name_of(choice, *left))
        reasons.append(choice.reason)
        if order[-1] == "default":
            break
        left.remove(order[-1])
    assert order == [*kinds, "default"]
    assert reasons == ["keyword"] * 4 + ["template_button", "referral", "any", "number"]


@pytest.mark.parametrize("trigger", [EXACT, BEGINS, PART, REGEX, BUTTON, AD, ANY])
def test_of_two_flows_with_the_same_trigger_the_one_published_last_starts(trigger: FlowTrigger) -> None:
    flows = [published("old", trigger, at=1), published("new", trigger, at=3), published("middle", trigger, at=2)]
    assert name_of(chosen(setup(*flows), button=TAP, referral=FROM_AD), "old", "new", "middle") == "new"


def test_keywords_of_an_apply_file_go_before_those_of_flows() -> None:
    file = (Trigger("nu", "contains", flow("file")),)
    assert chosen(setup(published("flow", EXACT), keywords=file)) == Choice(True, flow("file"), "keyword")


def test_a_trigger_of_some_numbers_counts_on_those_only() -> None:
    house = setup(published("some", FlowTrigger("any", phone_number_ids=(OTHER, "404"))), published("all", EXACT))
    assert name_of(chosen(house, "x"), "some", "all") == "default"
    assert name_of(chosen(house, "x", number=OTHER), "some", "all") == "some"
    assert name_of(chosen(house, number=OTHER), "some", "all") == "all"


def test_nothing_starts_while_a_person_has_the_conversation_or_by_what_is_no_flow_input() -> None:
    assert not chosen(setup(published("any", ANY)), owner="person").may_run_flow
    assert not chosen(setup(published("any", ANY)), is_flow_input=False).may_run_flow


@pytest.mark.parametrize(
    ("trigger", "button", "fits"),
    [
        (BUTTON, None, False),
        (BUTTON, Button("", ""), True),
        (FlowTrigger("template_button", payloads=("ORDER-7", "x")), TAP, True),
        (FlowTrigger("template_button", payloads=("order-7",)), TAP, False),
        (FlowTrigger("template_button", texts=("  QUERO! ",)), TAP, True),
        (FlowTrigger("template_button", texts=("Não",)), TAP, False),
        (FlowTrigger("template_button", payloads=("x",), texts=("quero!",)), TAP, True),
    ],
)
def test_a_tap_on_a_templates_button_starts_by_payload_or_text(
    trigger: FlowTrigger, button: Button | None, fits: bool
) -> None:
    choice = chosen(setup(published("f", trigger)), "Quero!", button=button, kind="button")
    assert (choice.reason == "template_button") is fits


@pytest.mark.parametrize(
    ("trigger", "referral", "fits"),
    [
        (AD, None, False),
        (AD, Referral("", ""), True),
        (FlowTrigger("referral", source_ids=("120226",)), FROM_AD, True),
        (FlowTrigger("referral", source_ids=("7",)), FROM_AD, False),
        (FlowTrigger("referral", source_types=("AD",)), FROM_AD, True),
        (FlowTrigger("referral", source_types=("post",)), FROM_AD, False),
        (FlowTrigger("referral", source_ids=("120226",), source_types=("post",)), FROM_AD, False),
    ],
)
def test_an_ad_starts_by_its_id_and_its_kind(trigger: FlowTrigger, referral: Referral | None, fits: bool) -> None:
    choice = chosen(setup(published("f", trigger)), "", referral=referral, kind="image")
    assert (choice.reason == "referral") is fits


def test_a_pattern_sees_the_trimmed_text_as_it_was_written() -> None:
    house = setup(published("f", FlowTrigger("keyword", "regex", ("^Pedido [0-9]+$",))))
    assert chosen(house, "  Pedido 12\n").reason == "keyword"
    assert chosen(house, "pedido 12").reason == "number"


def test_a_pattern_that_is_none_starts_nothing_and_costs_its_neighbours_nothing() -> None:
    bad = FlowTrigger("keyword", "regex", ("(", "a(?=b)", "x" * 1001, "Menu"))
    assert chosen(setup(published("f", bad))).reason == "keyword"


def test_patterns_are_compiled_once_for_all_numbers_and_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def counting(pattern: str, options: object, real=re2.compile):
        compiled.append(pattern)
        return real(pattern, options)

    monkeypatch.setattr(re2, "compile", counting)
    cache = PlanCache()
    restricted = FlowTrigger("keyword", "regex", ("^b",), phone_number_ids=(OTHER,))
    plan = cache.keep(
        setup(published("f", REGEX, FlowTrigger("keyword", "regex", ("^a",))), published("g", restricted))
    )
    for number in (NUMBER, OTHER):
        for text in ("menu", "abc", "xyz"):
            choose(plan, Message("e", number, text=text), owner="bot")
    assert sorted(compiled) == ["^M.n.$", "^a", "^b"]


def test_hostile_patterns_and_texts_are_given_up_before_they_keep_others_waiting() -> None:
    hard = tuple(f"(x+x+)+{place}.{{100,200}}y" for place in range(MOST_PATTERNS - 1))
    plan = compile_setup(setup(published("f", FlowTrigger("keyword", "regex", (*hard, "^x+$"))), published("any", ANY)))
    reasons = [
        choose(plan, Message("e", NUMBER, text="x" * length), owner="bot").reason
        for length in (1, LONGEST_TEXT, LONGEST_TEXT + 1)
    ]
    assert reasons == ["keyword", "any", "any"]
    plain = compile_setup(setup(published("f", FlowTrigger("keyword", "regex", ("^x+$",))), published("any", ANY)))
    reasons = [
        choose(plain, Message("e", NUMBER, text="x" * length), owner="bot").reason
        for length in (LONGEST_TEXT, LONGEST_TEXT + 1)
    ]
    assert reasons == ["keyword", "any"]


def test_a_hundred_ordinary_patterns_are_all_tried_on_an_ordinary_text() -> None:
    usual = tuple(rf"(?i)\bpedido\s+{place}-[a-z]+\b" for place in range(MOST_PATTERNS))
    house = setup(published("f", FlowTrigger("keyword", "regex", usual)))
    last = MOST_PATTERNS - 1
    assert chosen(house, f"Bom dia! Quero saber do meu pedido {last}-abc, por favor, que ainda não chegou.") == Choice(
        True, flow("f"), "keyword"
    )


def test_without_triggers_a_number_has_nothing_to_compare() -> None:
    plan = compile_setup(setup(published("f")))
    assert [number.starts for number in plan.numbers.values()] == [None, None]


def test_triggers_are_stored_as_they_were_and_those_of_a_later_version_are_passed_over() -> None:
    triggers = (EXACT, REGEX, FlowTrigger("referral", source_ids=("é",), phone_number_ids=("1",)), ANY)
    text = triggers_as_text(triggers)
    assert triggers_in(text) == triggers
    assert triggers_in(text.replace('"any"', '"moon"')) == triggers[:3]


def test_an_organization_has_so_many_words_and_patterns() -> None:
    words = FlowTrigger("keyword", "exact", tuple(map(str, range(MOST_WORDS))))
    regexes = FlowTrigger("keyword", "regex", tuple(map(str, range(MOST_PATTERNS))))
    assert excess_of([published("a", words)]) is None
    assert excess_of([published("a", words), published("b", ANY)]) is not None
    assert excess_of([published("a", regexes)]) is None
    assert excess_of([published("a", regexes), published("b", REGEX)]) is not None


LETTERS = st.text("aAbBßñ \u0301", max_size=5)
KEYWORDS = st.lists(LETTERS, max_size=3).map(tuple)
PATTERNS = st.lists(st.sampled_from(["^a", "b$", "(?i)A+b", "[", "", "ß"]) | st.text(max_size=6), max_size=3).map(tuple)
TRIGGERS = st.builds(
    FlowTrigger,
    st.just("keyword"),
    st.sampled_from(["exact", "starts_with", "contains"]),
    KEYWORDS,
    phone_number_ids=st.sampled_from([(), (NUMBER,), (OTHER,)]),
) | st.builds(FlowTrigger, st.just("keyword"), st.just("regex"), PATTERNS)
FLOWS = st.lists(st.tuples(st.integers(0, 3), st.lists(TRIGGERS, max_size=3)), max_size=4)


@given(flows=FLOWS, text=LETTERS | st.text(max_size=20))
def test_whatever_is_written_the_flow_that_starts_is_the_first_that_fits(
    flows: list[tuple[int, list[FlowTrigger]]], text: str
) -> None:
    stored = [published(str(place), *triggers, at=at) for place, (at, triggers) in enumerate(flows)]
    ranks = []
    for each in stored:
        for trigger in each.triggers:
            if trigger.phone_number_ids in ((), (NUMBER,)) and text and _fits(trigger, text):
                kind = ("exact", "starts_with", "contains", "regex").index(trigger.match)
                ranks.append((kind, -each.published_at_us, each.flow_id.int))
    choice = chosen(setup(*stored), text)
    assert choice.flow_id == (UUID(int=min(ranks)[2]) if ranks else flow("default"))


def _fits(trigger: FlowTrigger, text: str) -> bool:
    """The plain rule, a trigger at a time."""
    words, keywords = normal(text), [word for word in map(normal, trigger.keywords) if word]
    match trigger.match:
        case "exact":
            return words in keywords
        case "starts_with":
            return any(words.startswith(word) for word in keywords)
        case "contains":
            return any(word in words for word in keywords)
        case "regex":
            found = [pattern for pattern in map(compile_pattern, trigger.keywords) if pattern is not None]
            return any(pattern.is_in(text.strip()) for pattern in found)
