"""What counts where."""

from uuid import uuid4

import pytest

from services.analytics.domain.counting import NO_FLOW, Messages
from services.analytics.domain.record import RecordKind
from tests.fakes.analytics_records import record_maker
from tests.fakes.analytics_tally import Tally, tally_of

MESSAGES = {RecordKind.CONTACT_MESSAGE, RecordKind.BOT_MESSAGE}


def test_both_sides_are_counted_apart_for_conversation_flow_and_node() -> None:
    organization_id, flow_id, conversation_id = uuid4(), uuid4(), uuid4()
    record = record_maker(organization_id)
    place = {"flow_id": flow_id, "conversation_id": conversation_id, "node_id": "ask"}

    tally = tally_of([record(**place), record(**place), record(**place, kind=RecordKind.BOT_MESSAGE)])

    assert tally.conversations == {(organization_id, flow_id, conversation_id): Messages(contact=2, bot=1)}
    assert tally.flows == {(organization_id, flow_id): Messages(contact=2, bot=1)}
    assert tally.nodes == {(organization_id, flow_id, "ask"): Messages(contact=2, bot=1)}


@pytest.mark.parametrize("kind", sorted(set(RecordKind) - MESSAGES, key=str))
def test_what_is_no_message_counts_nowhere(kind: RecordKind) -> None:
    assert tally_of([record_maker()(kind=kind, flow_id=uuid4(), node_id="ask")]) == Tally()


def test_a_message_outside_any_flow_counts_for_its_conversation_alone() -> None:
    organization_id, conversation_id = uuid4(), uuid4()

    tally = tally_of([record_maker(organization_id)(conversation_id=conversation_id)])

    assert tally == Tally(conversations={(organization_id, NO_FLOW, conversation_id): Messages(contact=1)})
