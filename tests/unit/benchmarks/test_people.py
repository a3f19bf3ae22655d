"""The people of the benchmark know which reply is right: the one the flow's document gives."""

import json

from tests.benchmarks.meta.people import dialogue, make_people, phone_number_ids
from tests.benchmarks.meta.webhooks import sign, text_webhook
from tests.benchmarks.monolith.executor_service import SESSION_TTL, run_turn
from tests.benchmarks.monolith.models import ConversationState, now
from tests.benchmarks.monolith.provision import FLOW_FILE


def replies(name: str, bicycles: int) -> list[str]:
    """What the monolith says to the three lines of a dialogue."""
    canvas = json.loads(FLOW_FILE.read_text())
    state = ConversationState(current_node_id=None, is_active=True, session_expires_at=now() + SESSION_TTL)
    said = []
    for line in dialogue(name, bicycles):
        turn = run_turn(canvas, state, line.text)
        state.current_node_id, state.variables, state.execution_path = turn.node_id, turn.variables, turn.path
        said += [text for _, text in turn.replies]
    return said


def test_the_expected_replies_of_both_branches_are_those_of_the_flow() -> None:
    for bicycles in (1, 3, 4, 6):
        assert replies("Ana", bicycles) == [line.reply for line in dialogue("Ana", bicycles)]


def test_a_dialogue_starts_again_after_its_end() -> None:
    (person,) = make_people(1, phone_number_ids(1))
    lines = [person.next_line() for _ in range(4)]
    assert lines[3] == lines[0]


def test_people_are_spread_evenly_over_numbers_and_both_branches() -> None:
    people = make_people(60, phone_number_ids(10))
    numbers = [person.phone_number_id for person in people]
    assert {numbers.count(number) for number in numbers} == {6}
    assert sum(person.bicycles > 3 for person in people) == 30


def test_a_webhook_is_about_as_large_as_metas() -> None:
    (person,) = make_people(1, phone_number_ids(1))
    assert 450 <= len(text_webhook(person, text="Olá", message_id="wamid." + "0" * 52)) <= 700


def test_a_signature_is_the_one_of_rfc_4231() -> None:
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign(b"what do ya want for nothing?", "Jefe") == f"sha256={expected}"
