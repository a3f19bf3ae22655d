"""The people of the benchmark know which replies are right: those the flow's document gives."""

import pytest

from tests.benchmarks.documents import FLOWS
from tests.benchmarks.meta.people import Cast, Person, make_people, person_of, phone_number_ids, wa_id_of
from tests.benchmarks.meta.webhooks import sign, text_webhook
from tests.benchmarks.monolith.executor_service import SESSION_TTL, Canvas, run_turn
from tests.benchmarks.monolith.models import ConversationState, now


def replies(cast: Cast, person: Person) -> list[tuple[str, ...]]:
    """What the monolith says to each line of a dialogue."""
    canvas = Canvas.of(FLOWS[cast])
    state = ConversationState(current_node_id=None, is_active=True, session_expires_at=now() + SESSION_TTL)
    said = []
    for line in person.dialogue:
        turn = run_turn(canvas, state, line.text)
        state.current_node_id, state.variables, state.execution_path = turn.node_id, turn.variables, turn.path
        said.append(tuple(text for _, text in turn.replies))
    return said


@pytest.mark.parametrize("cast", ["workshop", "long", "bubbles"])
def test_the_expected_replies_of_every_branch_are_those_of_the_flow(cast: Cast) -> None:
    for index in range(6):
        person = person_of(index, phone_number_ids(1), cast=cast)
        assert replies(cast, person) == [line.replies for line in person.dialogue]


def test_the_long_dialogue_asks_more_than_twenty_questions_and_ends() -> None:
    long = person_of(0, phone_number_ids(1), cast="long")
    assert len(long.dialogue) == 25
    assert long.dialogue[-1].replies == ("Anotei Ana diz 23. Obrigado!",)


def test_a_dialogue_starts_again_after_its_end() -> None:
    (person,) = make_people(1, phone_number_ids(1))
    lines = [person.next_line() for _ in range(4)]
    assert lines[3] == lines[0]


def test_people_are_spread_evenly_over_numbers_and_both_branches() -> None:
    people = make_people(60, phone_number_ids(10))
    numbers = [person.phone_number_id for person in people]
    assert {numbers.count(number) for number in numbers} == {6}
    assert sum("van" in person.dialogue[2].replies[0] for person in people) == 30


def test_nobody_shares_a_phone_number() -> None:
    people = make_people(50, phone_number_ids(3)) + make_people(50, phone_number_ids(3), first=50)
    assert len({person.wa_id for person in people}) == 100
    assert {len(wa_id_of(index)) for index in (0, 29_999_999)} == {13}


def test_a_webhook_is_about_as_large_as_metas() -> None:
    (person,) = make_people(1, phone_number_ids(1))
    assert 450 <= len(text_webhook(person, text="Olá", message_id="wamid." + "0" * 52)) <= 700


def test_a_signature_is_the_one_of_rfc_4231() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign(b"what do ya want for nothing?", "Jefe") == f"sha256={expected}"
