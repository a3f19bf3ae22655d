"""Events of the desk: what is taken, how it is kept, and that analytics is not told of it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument
from services.chassis.queue import StoredItem
from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.changes import Change, in_order
from services.sender.domain.desk import EVENTS, DeskEvent, read_written, written
from services.sender.domain.webhooks import EVENTS as ALL_EVENTS
from services.sender.domain.webhooks import Webhook
from services.sender.peers import news_of
from services.sender.server.desk import desk_form, read_desk_event
from services.sender.usecases.telling import Watched
from tests.unit.sender.test_peers import Analytics, outcomes, stored

ORGANIZATION, CONVERSATION = UUID(int=7), UUID(int=1)
MORNING = datetime(2026, 11, 26, 9, tzinfo=UTC)
EVENT = DeskEvent(
    event_id="desk:1:1", event="conversation.assigned", lane_id=CONVERSATION, phone_number_id="100200300",
    entry_id=str(UUID(int=2)), queue_id=str(UUID(int=3)), department_id=str(UUID(int=4)), from_queue_id="",
    agent_id=str(UUID(int=5)), how="pull", sla_due_at_us=int(MORNING.timestamp() * 1e6) + 1,
    occurred_at_us=int(MORNING.timestamp() * 1e6), sequence=41,
)  # fmt: skip


def item(event: DeskEvent) -> StoredItem:
    return StoredItem(1, event.event_id, written(event), MORNING)


def test_an_event_is_told_as_it_was_taken() -> None:
    assert read_desk_event(desk_form(ORGANIZATION, EVENT)) == (ORGANIZATION, EVENT)
    plain = replace(EVENT, queue_id="", department_id="", agent_id="", how="", sla_due_at_us=0)
    assert read_desk_event(desk_form(ORGANIZATION, plain)) == (ORGANIZATION, plain)
    assert news_of(item(plain)) == [plain]


def test_what_a_later_release_knows_beside_it_is_left_out_and_what_is_no_event_is_none() -> None:
    content = written(EVENT)
    assert read_written(content[:-1] + b', "mood": "glad"}') == EVENT
    for broken in (b"", b"[]", b"{}", b'{"lane_id": "x"}', content[: len(content) // 2]):
        assert news_of(StoredItem(1, "desk:1", broken, MORNING)) == []


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({"event": "conversation.painted"}, "event is"),
        ({"event_id": "delivery:1"}, "event_id is"),
        ({"event_id": "desk:" + "x" * 200}, "event_id is"),
        ({"conversation_id": "c"}, "conversation_id"),
        ({"entry_id": ""}, "entry_id"),
        ({"agent_id": "Rui"}, "agent_id"),
        ({"organization_id": ""}, "organization_id"),
    ],
)
def test_what_is_no_event_is_refused_with_its_field(what: dict[str, str], field: str) -> None:
    form = desk_form(ORGANIZATION, EVENT)
    for name, value in what.items():
        setattr(form, name, value)
    with pytest.raises(InvalidArgument, match=field):
        read_desk_event(form)
    form = desk_form(ORGANIZATION, EVENT)
    form.ClearField("occurred_at")
    with pytest.raises(InvalidArgument, match="occurred_at"):
        read_desk_event(form)


def test_every_event_of_the_desk_can_be_chosen_for_a_webhook() -> None:
    assert set(EVENTS) < set(ALL_EVENTS)
    webhook = Webhook(
        webhook_id=uuid4(), name="crm", url="https://crm.example/", events=["conversation.queued"], is_active=True,
        created_at=MORNING,
    )  # fmt: skip
    assert webhook.wants("conversation.queued")
    assert not webhook.wants(EVENT.event)
    assert all(replace(webhook, events=()).wants(event) for event in EVENTS)


def test_events_of_a_conversation_are_put_in_order_beside_changes_of_messages() -> None:
    change = Change(
        event_id="delivery:1:sent", message_id=uuid4(), lane_id=CONVERSATION, status="sent", error_code=0,
        occurred_at_us=0,
    )  # fmt: skip
    later, other = replace(EVENT, sequence=42, event_id="desk:1:2"), replace(EVENT, lane_id=UUID(int=9), sequence=1)
    assert in_order([later, change, other, EVENT]) == [EVENT, change, other, later]


def test_who_watches_one_message_hears_nothing_of_the_desk() -> None:
    for watched, is_told in (
        (Watched(organization_id=ORGANIZATION), True),
        (Watched(organization_id=ORGANIZATION, lane_id=CONVERSATION), True),
        (Watched(organization_id=ORGANIZATION, lane_id=uuid4()), False),
        (Watched(organization_id=ORGANIZATION, message_id=CONVERSATION), False),
    ):
        assert watched.includes(EVENT) is is_told


def test_analytics_is_told_of_the_records_beside_an_event_only() -> None:
    analytics = Analytics()
    before, after = stored(1), stored(2)
    assert outcomes(analytics, [*before, item(EVENT), *after]) == [results_pb2.ITEM_OUTCOME_OK] * 3
    assert analytics.calls == [3]
    assert outcomes(analytics, [item(EVENT)]) == [results_pb2.ITEM_OUTCOME_OK]
    assert analytics.calls == [3]


def test_no_words_of_anybody_have_a_place_in_an_event() -> None:
    names = {field.name for field in sender_pb2.DeskEvent.DESCRIPTOR.fields}
    assert names.isdisjoint({"reason", "context", "contact_name", "wa_id", "phone_number", "text"})
