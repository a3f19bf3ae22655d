"""Lane payloads (protobuf) to the domain's words and back."""

from __future__ import annotations

from uuid import UUID

from google.protobuf.message import DecodeError

from services.chassis.queue import Claim, Item
from services.executor.domain.advance import Record, RecordKind, Said, Say, Timer
from services.executor.domain.arrival import Arrival, Contact, StartReason
from services.executor.domain.commands import SendButtons, SendText
from services.executor.domain.events import InboundMessage
from services.executor.usecases import Decoded, Submission
from services.pb.analytics.v1 import analytics_pb2
from services.pb.common.v1 import content_pb2, events_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.sender.v1 import sender_pb2

_LONGEST_EVENT_ID = 600

_REASONS: dict[int, StartReason] = {
    executor_pb2.START_REASON_UNSPECIFIED: "none",
    executor_pb2.START_REASON_KEYWORD: "keyword",
    executor_pb2.START_REASON_NUMBER: "number",
    executor_pb2.START_REASON_CHATBOT: "chatbot",
    executor_pb2.START_REASON_FALLBACK: "fallback",
    executor_pb2.START_REASON_TEST: "test",
}

_KINDS: dict[RecordKind, analytics_pb2.RecordKind.ValueType] = {
    "contact_message": analytics_pb2.RECORD_KIND_CONTACT_MESSAGE,
    "bot_message": analytics_pb2.RECORD_KIND_BOT_MESSAGE,
    "flow_started": analytics_pb2.RECORD_KIND_FLOW_STARTED,
    "flow_ended": analytics_pb2.RECORD_KIND_FLOW_ENDED,
    "invalid_answer": analytics_pb2.RECORD_KIND_INVALID_ANSWER,
    "limit_reached": analytics_pb2.RECORD_KIND_LIMIT_REACHED,
}


def decode(claim: Claim) -> Decoded:
    """Read a lane's items; stops at one that cannot be read and says why."""
    arrivals = []
    for item in claim.items:
        try:
            event = executor_pb2.ConversationEvent.FromString(item.payload)
            arrivals.append(_arrival(event, event_id=item.event_id))
        except (DecodeError, ValueError) as error:
            return Decoded(claim, tuple(arrivals), _unreadable(error))
    return Decoded(claim, tuple(arrivals))


def submission_of(event: executor_pb2.ConversationEvent) -> Submission:
    """What a caller hands over. Raises ValueError with a sentence when the event can never be worked on."""
    if not 0 < len(event.event_id) <= _LONGEST_EVENT_ID:
        raise ValueError(f"event_id must have 1 to {_LONGEST_EVENT_ID} characters")
    try:
        organization_id, conversation_id = UUID(event.organization_id), UUID(event.conversation_id)
    except ValueError:
        raise ValueError("organization_id and conversation_id must be UUIDs") from None
    item = Item(organization_id, conversation_id, event.event_id, event.SerializeToString())
    try:
        return Submission(item, _arrival(event, event_id=event.event_id))
    except ValueError as error:
        return Submission(item, _unreadable(error))


def _unreadable(error: Exception) -> str:
    return f"the event cannot be read: {error}"


def _arrival(event: executor_pb2.ConversationEvent, *, event_id: str) -> Arrival:
    if event.start_flow_id:
        UUID(event.start_flow_id)
    return Arrival(
        organization_id=UUID(event.organization_id),
        conversation_id=UUID(event.conversation_id),
        # The lane's id of the event, so that a replayed dead letter says its things under new message ids.
        event_id=event_id,
        phone_number_id=event.message.phone_number_id,
        contact=Contact(
            UUID(event.contact_id or event.conversation_id),
            event.contact_wa_id,
            event.contact_user_id,
            event.contact_name,
        ),
        message=_message(event.message),
        may_run_flow=event.may_run_flow,
        start_flow_id=event.start_flow_id,
        start_reason=_REASONS.get(event.start_reason, "none"),
        window_expires_at=event.window_expires_at,
        timer=event.timer,
    )


def _message(message: events_pb2.InboundMessage) -> InboundMessage:
    is_caption = message.kind in ("image", "video", "audio", "document", "sticker")
    has_reply = message.HasField("reply")
    return InboundMessage(
        text=None if is_caption else message.text or None,
        kind=message.kind,
        reply_id=message.reply.id or None if has_reply else None,
        reply_title=message.reply.title or None if has_reply else None,
        caption=message.text or None if is_caption else None,
    )


def encode_said(said: Said) -> Item:
    """A message for sender; its lane is the conversation."""
    arrival = said.arrival
    message = sender_pb2.OutboundMessage(
        organization_id=str(arrival.organization_id),
        message_id=str(said.message_id),
        conversation_id=str(arrival.conversation_id),
        phone_number_id=arrival.phone_number_id,
        recipient_wa_id=arrival.contact.wa_id,
        recipient_user_id=arrival.contact.user_id,
        content=_content(said.command),
        flow_id=said.flow_id,
        node_id=said.command.node_id,
        window_expires_at=arrival.window_expires_at,
    )
    return Item(arrival.organization_id, arrival.conversation_id, str(said.message_id), message.SerializeToString())


def _content(command: Say) -> content_pb2.Content:
    if isinstance(command, SendText):
        text = content_pb2.TextContent(body=command.text, preview_url=command.preview_url)
        return content_pb2.Content(text=text)
    if isinstance(command, SendButtons):
        buttons = [content_pb2.ReplyButton(id=button.id, title=button.title) for button in command.buttons]
        return content_pb2.Content(
            buttons=content_pb2.ButtonsContent(
                body=command.body, header=command.header, footer=command.footer, buttons=buttons
            )
        )
    sections = [
        content_pb2.ListSection(
            title=section.title,
            rows=[content_pb2.ListRow(id=row.id, title=row.title, description=row.description) for row in section.rows],
        )
        for section in command.sections
    ]
    return content_pb2.Content(
        list=content_pb2.ListContent(
            body=command.body,
            header=command.header,
            footer=command.footer,
            button_text=command.button_text,
            sections=sections,
        )
    )


def encode_record(record: Record, occurred_at_us: int) -> bytes:
    """A record for analytics."""
    arrival = record.arrival
    return analytics_pb2.Record(
        organization_id=str(arrival.organization_id),
        record_id=f"{arrival.event_id}#{record.number}",
        occurred_at_us=occurred_at_us,
        kind=_KINDS[record.kind],
        conversation_id=str(arrival.conversation_id),
        phone_number=arrival.contact.wa_id,
        flow_id=record.flow_id,
        node_id=record.node_id,
        text=record.text,
        sequence=record.number,
    ).SerializeToString()


def timer_item(timer: Timer) -> Item:
    """The event of a timer that fired; the moment it was set for makes the firing count once."""
    event_id = f"timer:{timer.kind}:{timer.scope}:{int(timer.fire_at.timestamp() * 1_000_000)}"
    event = executor_pb2.ConversationEvent(
        organization_id=str(timer.organization_id),
        conversation_id=str(timer.conversation_id),
        event_id=event_id,
        timer=timer.kind,
    )
    return Item(timer.organization_id, timer.conversation_id, event_id, event.SerializeToString())
