"""Conversation states and timers as rows, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from services.executor.domain.arrival import Contact
from services.executor.domain.effects import Timer
from services.executor.domain.identifiers import recurring_id
from services.executor.domain.json_value import Json, object_at, text_at, whole_number_at
from services.executor.domain.session import Session
from services.executor.domain.standing import Line, Standing
from services.executor.ports import StateView

COLUMNS = """s.organization_id, s.id, s.conversation_id, s.contact_id, s.phone_number, s.user_id, s.session,
    s.variables, s.execution_path, s.messages_count, s.last_message_at, s.session_expires_at, s.created_at,
    s.closed_at, s.revision"""


def standing_of(row: Sequence[Any]) -> Standing:
    """A state from the columns of COLUMNS."""
    return Standing(
        organization_id=row[0],
        state_id=row[1],
        conversation_id=row[2],
        contact=Contact(row[3], row[4], row[5], ""),
        session=Session.from_parts(row[6], row[7], row[8]),
        messages_count=row[9],
        last_message_at=row[10],
        session_expires_at=row[11],
        created_at=row[12],
        closed_at=row[13],
        revision=row[14],
        line=_line_of(row[6]),
    )


def view_of(row: Sequence[Any]) -> StateView:
    """A state for people, from COLUMNS and the flow's name."""
    return StateView(standing_of(row[:15]), row[15])


def _rest_of(standing: Standing) -> str:
    """What the seed's columns do not hold."""
    line = standing.line
    held = {
        "phone_number_id": line.phone_number_id,
        "contact_name": line.contact_name,
        "window_expires_at": line.window_expires_at,
        "time_zone": line.time_zone,
        **({"profile": dict(line.profile)} if line.profile else {}),
    }
    return orjson.dumps({**standing.session.place(), "line": held}).decode()


def _line_of(rest: Mapping[str, Json]) -> Line:
    held = rest.get("line")
    if not isinstance(held, dict):
        return Line()
    return Line(
        phone_number_id=text_at(held, "phone_number_id"),
        contact_name=text_at(held, "contact_name"),
        window_expires_at=whole_number_at(held, "window_expires_at") or 0,
        time_zone=text_at(held, "time_zone"),
        profile=object_at(held, "profile"),
    )


def state_values(standings: Sequence[Standing]) -> dict[str, list[object]]:
    """States as the arrays of the statement that saves them."""
    return {
        "o": [standing.organization_id for standing in standings],
        "i": [standing.state_id for standing in standings],
        "c": [standing.conversation_id for standing in standings],
        "k": [standing.contact.contact_id for standing in standings],
        "p": [standing.contact.wa_id[:20] for standing in standings],
        "u": [standing.contact.user_id for standing in standings],
        "f": [recurring_id(standing.session.flow_id) for standing in standings],
        "v": [standing.session.flow_version for standing in standings],
        "n": [standing.session.current_node_id for standing in standings],
        "x": [orjson.dumps(dict(standing.session.variables)).decode() for standing in standings],
        "e": [orjson.dumps(standing.session.execution_path).decode() for standing in standings],
        "a": [standing.session.is_active for standing in standings],
        "j": [_rest_of(standing) for standing in standings],
        "m": [standing.messages_count for standing in standings],
        "cl": [standing.closed_at for standing in standings],
        "l": [standing.last_message_at for standing in standings],
        "ex": [standing.session_expires_at for standing in standings],
        "cr": [standing.created_at for standing in standings],
        "r": [standing.revision for standing in standings],
    }


def timer_values(timers: Iterable[Timer]) -> dict[str, list[object]]:
    """The timers that are to be set, as arrays."""
    kept = [timer for timer in timers if timer.fire_at is not None]
    return {**_timer_keys(kept), "f": [timer.fire_at for timer in kept]}


def dropped_timers(timers: Iterable[Timer]) -> dict[str, list[object]]:
    """The keys of the timers that are to be dropped, as arrays."""
    return _timer_keys([timer for timer in timers if timer.fire_at is None])


def _timer_keys(timers: Sequence[Timer]) -> dict[str, list[object]]:
    return {
        "o": [timer.organization_id for timer in timers],
        "l": [timer.conversation_id for timer in timers],
        "k": [timer.kind for timer in timers],
        "s": [timer.scope for timer in timers],
    }
