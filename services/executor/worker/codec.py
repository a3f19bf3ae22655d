"""Lane payloads (protobuf) to the domain's words and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.message import DecodeError

from services.chassis.queue import Claim, Item
from services.executor.domain.arrival import Arrival, Contact, StartReason
from services.executor.domain.closed import ClosedSession
from services.executor.domain.effects import Record, RecordKind, Said, Timer
from services.executor.domain.identifiers import read_id, recurring_id, written_id
from services.executor.usecases import Decoded, Submission
from services.executor.worker.contents import fill_content
from services.executor.worker.messages import message_of
from services.executor.worker.signals import profile_of, signal_of
from services.pb.analytics.v1 import analytics_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.sender.v1 import sender_pb2

_LONGEST_EVENT_ID = 600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_REASONS: dict[int, StartReason] = {
    executor_pb2.START_REASON_UNSPECIFIED: "none",
    executor_pb2.START_REASON_KEYWORD: "keyword",
    executor_pb2.START_REASON_NUMBER: "number",
    executor_pb2.START_REASON_CHATBOT: "chatbot",
    executor_pb2.START_REASON_FALLBACK: "fallback",
    executor_pb2.START_REASON_TEST: "test",
    executor_pb2.START_REASON_TEMPLATE_BUTTON: "template_button",
    executor_pb2.START_REASON_REFERRAL: "referral",
    executor_pb2.START_REASON_ANY: "any",
}

_KINDS: dict[RecordKind, analytics_pb2.RecordKind.ValueType] = {
    "contact_message": analytics_pb2.RECORD_KIND_CONTACT_MESSAGE,
    "bot_message": analytics_pb2.RECORD_KIND_BOT_MESSAGE,
    "flow_started": analytics_pb2.RECORD_KIND_FLOW_STARTED,
    "flow_ended": analytics_pb2.RECORD_KIND_FLOW_ENDED,
    "invalid_answer": analytics_pb2.RECORD_KIND_INVALID_ANSWER,
    "limit_reached": analytics_pb2.RECORD_KIND_LIMIT_REACHED,
    "flow_event": analytics_pb2.RECORD_KIND_FLOW_EVENT,
    "handed_over": analytics_pb2.RECORD_KIND_HANDED_OVER,
    "taken": analytics_pb2.RECORD_KIND_TAKEN,
    "released": analytics_pb2.RECORD_KIND_RELEASED,
    "effect_failed": analytics_pb2.RECORD_KIND_EFFECT_FAILED,
    "moved": analytics_pb2.RECORD_KIND_MOVED,
}


def decode(claim: Claim) -> Decoded:
    """Read a lane's items; stops at one that cannot be read and says why."""
    arrivals = []
    for item in claim.items:
        try:
            event = executor_pb2.ConversationEvent.FromString(item.payload)
            arrivals.append(arrival_of(event, item.event_id, claim.group_id, claim.lane_id))
        except (DecodeError, ValueError) as error:
            return Decoded(claim, tuple(arrivals), _unreadable(error))
    return Decoded(claim, tuple(arrivals))


def submission_of(event: executor_pb2.ConversationEvent) -> Submission:
    """What a caller hands over. Raises ValueError with a sentence when the event can never be worked on."""
    event_id = event.event_id
    if not 0 < len(event_id) <= _LONGEST_EVENT_ID:
        raise ValueError(f"event_id must have 1 to {_LONGEST_EVENT_ID} characters")
    try:
        organization_id, conversation_id = recurring_id(event.organization_id), UUID(event.conversation_id)
    except ValueError:
        raise ValueError("organization_id and conversation_id must be UUIDs") from None
    item = Item(organization_id, conversation_id, event_id, event.SerializeToString())
    try:
        return Submission(item, arrival_of(event, event_id, organization_id, conversation_id))
    except ValueError as error:
        return Submission(item, _unreadable(error))


def _unreadable(error: Exception) -> str:
    return f"the event cannot be read: {error}"


def arrival_of(
    event: executor_pb2.ConversationEvent, event_id: str, organization_id: UUID, conversation_id: UUID
) -> Arrival:
    """Read an event; the ids are those expected, as a rule. Raises ValueError."""
    message, start_flow_id = event.message, event.start_flow_id
    if start_flow_id:
        recurring_id(start_flow_id)
    conversation_id = read_id(event.conversation_id, conversation_id)
    contact_id = event.contact_id
    return Arrival(
        organization_id=read_id(event.organization_id, organization_id),
        conversation_id=conversation_id,
        # The lane's id of the event, so that a replayed dead letter says its things under new message ids.
        event_id=event_id,
        phone_number_id=message.phone_number_id,
        contact=Contact(
            UUID(contact_id) if contact_id else conversation_id,
            event.contact_wa_id,
            event.contact_user_id,
            event.contact_name,
        ),
        message=message_of(message),
        may_run_flow=event.may_run_flow,
        start_flow_id=start_flow_id,
        start_reason=_REASONS.get(event.start_reason, "none"),
        window_expires_at=event.window_expires_at,
        time_zone=event.time_zone,
        signal=signal_of(event),
        profile=profile_of(event),
    )


def encode_said(said: Said) -> Item:
    """A message for sender; its lane is the conversation."""
    arrival, message_id = said.arrival, str(said.message_id)
    message = sender_pb2.OutboundMessage(
        organization_id=written_id(arrival.organization_id),
        message_id=message_id,
        conversation_id=written_id(arrival.conversation_id),
        phone_number_id=arrival.phone_number_id,
        recipient_wa_id=arrival.contact.wa_id,
        recipient_user_id=arrival.contact.user_id,
        flow_id=said.flow_id,
        node_id=said.command.node_id,
        window_expires_at=arrival.window_expires_at,
    )
    fill_content(message.content, said.command)
    return Item(arrival.organization_id, arrival.conversation_id, message_id, message.SerializeToString())


def encode_record(record: Record, occurred_at_us: int) -> bytes:
    """A record for analytics."""
    arrival = record.arrival
    return analytics_pb2.Record(
        organization_id=written_id(arrival.organization_id),
        record_id=f"{arrival.event_id}#{record.number}",
        occurred_at_us=occurred_at_us,
        kind=_KINDS[record.kind],
        conversation_id=written_id(arrival.conversation_id),
        phone_number=arrival.contact.wa_id,
        flow_id=record.flow_id,
        node_id=record.node_id,
        text=record.text,
        sequence=record.number,
        flow_version=record.flow_version,
        time_zone=arrival.time_zone,
        path=record.path,
        phone_number_id=arrival.phone_number_id,
        answered_after_us=record.answered_after_us,
    ).SerializeToString()


def encode_closed(closed: ClosedSession) -> bytes:
    """The record of a session that no turn ended."""
    closed_at_us = (closed.closed_at - _EPOCH) // _MICROSECOND
    return analytics_pb2.Record(
        organization_id=written_id(closed.organization_id),
        record_id=f"{closed.reason}:{closed.flow_id}:{closed.conversation_id}:{closed_at_us}",
        occurred_at_us=closed_at_us,
        kind=analytics_pb2.RECORD_KIND_FLOW_ENDED,
        conversation_id=written_id(closed.conversation_id),
        phone_number=closed.phone_number,
        flow_id=written_id(closed.flow_id),
        node_id=closed.node_id,
        text=closed.reason,
        flow_version=closed.flow_version,
        time_zone=closed.time_zone,
    ).SerializeToString()


def timer_item(timer: Timer) -> Item:
    """The event of a timer that fired; the moment it was set for makes the firing count once."""
    assert timer.fire_at is not None
    due_us = (timer.fire_at - _EPOCH) // _MICROSECOND
    event_id = f"timer:{timer.kind}:{timer.scope}:{due_us}"
    event = executor_pb2.ConversationEvent(
        organization_id=str(timer.organization_id),
        conversation_id=str(timer.conversation_id),
        event_id=event_id,
        timer=timer.kind,
        timer_state_id=str(timer.scope),
        timer_due_us=due_us,
    )
    return Item(timer.organization_id, timer.conversation_id, event_id, event.SerializeToString())
