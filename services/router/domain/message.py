"""A message of a contact as router needs it; everything else travels untouched in `body`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """What a system message says of a change; every field may be empty."""

    type: str = ""
    previous: str = ""
    current: str = ""
    new_wa_id: str = ""
    new_user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: `sent_at` in seconds (0: unknown), `received_at_ms` in milliseconds since 1970.

    `signed_by` are the Meta apps whose secret fits, as "organization_id/app"; `body` is the serialized message, empty
    when it did not come from Meta.
    """

    event_id: str
    phone_number_id: str
    kind: str = "text"
    wa_id: str = ""
    user_id: str = ""
    parent_user_id: str = ""
    profile_name: str = ""
    sent_at: int = 0
    received_at_ms: int = 0
    text: str = ""
    is_flow_input: bool = True
    signed_by: tuple[str, ...] = ()
    notice: Notice | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One status of a message we sent; `body` is the serialized status."""

    phone_number_id: str
    message_id: str
    signed_by: tuple[str, ...] = ()
    body: bytes = b""
