"""A message of a contact as router needs it; everything else travels untouched in `source`.

What every message makes a few of is a named tuple: a frozen dataclass of 15 fields costs ten times as much to make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Notice:
    """What a system message says of a change; every field may be empty."""

    type: str = ""
    previous: str = ""
    current: str = ""
    new_wa_id: str = ""
    new_user_id: str = ""


class Preference(NamedTuple):
    """Whether a person, known by one of two names, wants messages."""

    wa_id: str
    user_id: str
    is_out: bool


class Button(NamedTuple):
    """A tap on a button of a template; any part may be empty."""

    payload: str
    text: str


class Referral(NamedTuple):
    """The ad or post a contact came from; any part may be empty."""

    source_id: str
    source_type: str


class Message(NamedTuple):
    """One message: `sent_at` in seconds (0: unknown), `received_at_ms` in milliseconds since 1970.

    `signed_by` are the Meta apps whose secret fits, as "organization_id/app"; `source` is the message as the edges of
    the room know it, None when it did not come from Meta.
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
    signed_by: Sequence[str] = ()
    notice: Notice | None = None
    source: object = None
    waba_id: str = ""
    button: Button | None = None
    referral: Referral | None = None


class Status(NamedTuple):
    """One status of a message we sent, or news for sender; `source` is it as the edges of the room know it.

    News is about what a person wants (`preference` says who and what) or, without one, about the account `waba_id`;
    with `phone_number` (in digits) about the one number of the account that is dialled so.
    """

    phone_number_id: str
    message_id: str
    signed_by: Sequence[str] = ()
    source: object = None
    waba_id: str = ""
    is_news: bool = False
    preference: Preference | None = None
    phone_number: str = ""
