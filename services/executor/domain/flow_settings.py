"""A flow's `settings`, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.executor.domain.document import FlowDocument
from services.executor.domain.json_value import Json, flag_at, text_at

# Brazil has had no daylight saving time since 2019 (Decree 9.772), so the default needs no zone database.
_SAO_PAULO: Final = timezone(timedelta(hours=-3), "America/Sao_Paulo")


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """How a flow behaves as a whole.

    `fallback_node` is where an edge to a missing node leads; `consume_opening` takes the message that
    starts a conversation as the first answer when it is a valid one; `repeat_question` sends the
    question again after the error text.
    """

    language: str
    zone: tzinfo
    keep_unknown: bool
    consume_opening: bool
    repeat_question: bool
    fallback_node: str


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
    )


def read_zone(settings: Mapping[str, Json]) -> tzinfo:
    """The zone that current_time and current_date are told in; raises ValueError when it is unknown."""
    name = text_at(settings, "timezone")
    if name in ("", "America/Sao_Paulo"):
        return _SAO_PAULO
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as reason:
        raise ValueError(f'The time zone "{name}" is unknown.') from reason
