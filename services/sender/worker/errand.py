"""What a lane item asks for: a message read from its payload, with its body or the reason why it has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from google.protobuf.message import DecodeError

from services.chassis.queue import StoredItem
from services.pb.common.v1 import content_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.settling import Hold
from services.sender.ports import NewMessage
from services.sender.worker.bodies import BodyRefused, body_of
from services.sender.worker.bodies.uploads import uploads_in


@dataclass(frozen=True, slots=True)
class Errand:
    """One message, or read receipt, to be delivered.

    `attached` is the message itself when it names files that Meta has to have first (worker.files); `hold` says why
    they cannot be given to Meta now; `given` are those Meta has, by their ids here and there.
    `position` is where the lane's head comes once it is settled. Templates may leave after the 24 hour window.
    `template` is NAME/LANGUAGE of one; sent after `window_closed_at` it reaches `recipient` from outside the window.
    `has_link`: Meta has to fetch a file for it. `recipients` are all names of whom it goes to; `is_confirmation` says
    that it confirms a wish about messages. One that `is_never_repeated` rather fails than is sent twice.
    """

    message_id: UUID
    phone_number_id: str
    position: int
    window_expires_at: float
    body: bytes
    refusal: str | None
    is_read_receipt: bool = False
    attached: bytes = b""
    hold: Hold | None = None
    given: tuple[tuple[UUID, str], ...] = ()
    template: str = ""
    recipient: str = ""
    window_closed_at: float = 0.0
    has_link: bool = False
    recipients: tuple[str, ...] = ()
    is_confirmation: bool = False
    is_never_repeated: bool = False

    @property
    def components(self) -> Sequence[object]:
        """What a message made from a template brings to it, in Meta's form; empty for any other."""
        document = orjson.loads(self.body) if self.template and self.body else None
        template = document.get("template") if isinstance(document, Mapping) else None
        found = template.get("components") if isinstance(template, Mapping) else None
        return found if isinstance(found, list) else ()


def errand_of(item: StoredItem, *, position: int) -> Errand:
    """Read an item. A replayed letter's event id has a suffix after the message's id."""
    return _read(UUID(item.event_id[:36]), item.payload, position)


def errand_of_message(message: NewMessage) -> Errand:
    """Read a message that has no place in its lane yet."""
    return _read(message.message_id, message.payload, 0)


def template_in(payload: bytes) -> str:
    """The same of a message as it was stored."""
    try:
        return template_of(sender_pb2.OutboundMessage.FromString(payload))
    except DecodeError:
        return ""


def template_of(message: sender_pb2.OutboundMessage) -> str:
    """NAME/LANGUAGE of the template a message is made of; empty for any other."""
    template = message.content.template
    return f"{template.name}/{template.language}" if message.content.HasField("template") else ""


def _read(message_id: UUID, payload: bytes, position: int) -> Errand:
    try:
        message = sender_pb2.OutboundMessage.FromString(payload)
    except DecodeError:
        return Errand(message_id, "", position, float("inf"), b"", "the stored message cannot be read")
    body, refusal = b"", None
    try:
        body = body_of(message)
    except BodyRefused as error:
        refusal = f"Meta would refuse this message: {error}"
    content = message.content
    return Errand(
        message_id,
        message.phone_number_id,
        position,
        float("inf") if content.HasField("template") else float(message.window_expires_at),
        body,
        refusal,
        is_read_receipt=content.HasField("read_receipt"),
        attached=payload if refusal is None and _names_files(content) else b"",
        template=template_of(message),
        recipient=message.recipient_wa_id or message.recipient_user_id,
        window_closed_at=float(message.window_expires_at),
        has_link=b'"link":' in body,
        recipients=tuple(filter(None, (message.recipient_wa_id.removeprefix("+"), message.recipient_user_id))),
        is_confirmation=message.is_confirmation,
        is_never_repeated=message.is_never_repeated,
    )


def _names_files(content: content_pb2.Content) -> bool:
    # Nearly all messages are texts: their parts need not be looked through.
    return not content.HasField("text") and next(uploads_in(content), None) is not None
