"""What was said, as people read it: contact by contact, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from services.ingress.domain.log_files import Row
from services.ingress.domain.phone import international_form

_SPEAKERS = {"contact_message": "user", "bot_message": "bot"}
SPEAKERS = {"user": "Contact", "bot": "Bot"}
"""What a speaker is called on paper."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one contact and the bot said to each other, oldest first."""

    heading: str
    messages: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What stands on top of the first page; `time_zone` is an IANA name, by which all times are told."""

    organization: str
    time_zone: str
    since: datetime | None
    until: datetime | None
    written_at: datetime


def message_of(record: Row, flow_names: Mapping[str, str]) -> Row:
    """A record of something said, as a row of log_files.MESSAGES. Flows that are gone have no name."""
    speaker, flow_name = _SPEAKERS[str(record["kind"])], flow_names.get(str(record["flow_id"]), "")
    return {**record, "speaker": speaker, "flow_name": flow_name}


def in_order(messages: Iterable[Row]) -> list[Row]:
    """By time, and within a moment as they were said."""
    return sorted(messages, key=itemgetter("occurred_at", "sequence"))


def split_last_moment(messages: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Of messages by time, those before the last moment, and those of it: more of these may be on the next page."""
    last = messages[-1]["occurred_at"] if messages else ""
    before = [each for each in messages if each["occurred_at"] != last]
    return before, list(messages[len(before) :])


def parts_of(messages: Iterable[Row]) -> list[Part]:
    """Contact by contact, as they are first met; who has no phone number is known by the conversation."""
    by_contact: dict[str, list[Row]] = {}
    for message in messages:
        by_contact.setdefault(str(message["phone_number"] or message["conversation_id"]), []).append(message)
    return [Part(_heading(said[0]), said) for said in by_contact.values()]


def by_flow(messages: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Messages as they follow each other in one flow's version, with what that is called; empty outside of flows."""
    return [(name, list(said)) for name, said in groupby(messages, _flow)]


def _heading(message: Row) -> str:
    if message["phone_number"]:
        return international_form(str(message["phone_number"]))
    return f"Contact without a phone number, conversation {message['conversation_id']}"


def _flow(message: Row) -> str:
    if not message["flow_id"]:
        return ""
    return f"Flow {message['flow_name'] or message['flow_id']}, version {message['flow_version']}"
