"""A flow's `settings`, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.executor.domain.document import FlowDocument
from services.executor.domain.json_value import Json, flag_at, object_at, text_at, whole_number_at
from services.executor.domain.templates import Template, compile_template

# Brazil has had no daylight saving time since 2019 (Decree 9.772), so the default needs no zone database.
DEFAULT_ZONE: Final = timezone(timedelta(hours=-3), "America/Sao_Paulo")

INACTIVITY_ACTIONS: Final[dict[str, Literal["remind", "close", "handoff", "fallback"]]] = {
    "remind": "remind", "close": "close", "handoff": "handoff", "fallback": "fallback",
}  # fmt: skip
# A year; a longer one is no setting but a slip.
LONGEST_SECONDS: Final = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Inactivity:
    """What happens when the contact leaves a question unanswered.

    After `warn_seconds` a word of warning, and after `then_seconds` more, if any, what `action` says: ask again
    (remind), end (close), or go to `node` (handoff, fallback).
    """

    warn_seconds: float
    warn_message: Template
    then_seconds: float | None
    action: Literal["remind", "close", "handoff", "fallback"]
    message: Template
    node: str


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """How a flow behaves as a whole.

    `fallback_node` is where an edge to a missing node leads; `consume_opening` takes the message that
    starts a conversation as the first answer when it is a valid one; `repeat_question` sends the
    question again after the error text. `on_window_closed` is what nodes do that have no policy of their own; empty:
    branch where there is an edge, else wait. `session_ttl_seconds` takes the place of the house's setting.
    """

    language: str
    zone: tzinfo | None
    keep_unknown: bool
    consume_opening: bool
    repeat_question: bool
    fallback_node: str
    on_window_closed: str = ""
    inactivity: Inactivity | None = None
    session_ttl_seconds: int | None = None


def read_settings(document: FlowDocument) -> FlowSettings:
    """Read the settings; raises ValueError for an unknown time zone."""
    settings = document.settings
    return FlowSettings(
        language=document.language,
        zone=read_zone(settings),
        keep_unknown=text_at(settings, "unknown_variable") == "keep",
        consume_opening=flag_at(settings, "consume_opening"),
        repeat_question=flag_at(settings, "repeat_question"),
        fallback_node=text_at(settings, "fallback_node"),
        on_window_closed=text_at(settings, "on_window_closed"),
        inactivity=_read_inactivity(object_at(settings, "inactivity")),
        session_ttl_seconds=_positive(settings, "session_ttl_seconds"),
    )


def _read_inactivity(written: Mapping[str, Json]) -> Inactivity | None:
    warn_seconds = _positive(written, "warnSeconds")
    if warn_seconds is None:
        return None
    action = text_at(written, "then")
    return Inactivity(
        warn_seconds=warn_seconds,
        warn_message=compile_template(text_at(written, "warnMessage")),
        then_seconds=_positive(written, "thenSeconds"),
        action=INACTIVITY_ACTIONS.get(action, "close"),
        message=compile_template(text_at(written, "message")),
        node=text_at(written, "node"),
    )


def _positive(written: Mapping[str, Json], name: str) -> int | None:
    number = whole_number_at(written, name)
    return min(number, LONGEST_SECONDS) if number is not None and number > 0 else None


def read_zone(settings: Mapping[str, Json]) -> tzinfo | None:
    """The zone that times are told in, None for the organization's; raises ValueError when it is unknown."""
    name = text_at(settings, "timezone")
    return zone_of(name) if name else None


def zone_of(name: str) -> tzinfo:
    """A zone by its IANA name; raises ValueError when it is unknown."""
    if name in ("", "America/Sao_Paulo"):
        return DEFAULT_ZONE
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as reason:
        raise ValueError(f'The time zone "{name}" is unknown.') from reason
