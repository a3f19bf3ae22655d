"""Where a turn leaves a session, and the session that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.executor.domain.commands import JumpToFlow
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.json_value import Json
from services.executor.domain.session import MAX_PATH, Session
from services.executor.domain.turn import Behaviour, Holding, Turn, Waiting

# The timer that notices a question without an answer, and what the session remembers of it.
INACTIVITY: Final = "inactivity"


@dataclass(slots=True)
class Place:
    """Where the walk stands; `waiting_at` is None on the way and at the end. The rest is as in Session."""

    gathered: list[Mapping[str, Json]]
    backlog: list[Mapping[str, Json]]
    spoke: list[str]
    is_taken: bool
    waiting_at: str | None = None
    attempts: int = 0
    is_blocked: bool = False


def session_after(flow: CompiledFlow, turn: Turn, base: Session, place: Place) -> Session:
    """The session of a turn that ended at a place; `base` is how it began."""
    node_id = place.waiting_at
    path = (*base.execution_path, *turn.visited)[-MAX_PATH:]
    said, selected = str(turn.system["user_message"]), str(turn.system["selected_option"])
    if node_id is None:
        return Session(
            flow.flow_id, flow.version, variables=turn.variables, execution_path=path, is_active=False,
            user_message=said, selected_option=selected, spoke=tuple(place.spoke), callers=base.callers,
            **_for_the_next(turn, base, place),
        )  # fmt: skip
    behaviour = flow.nodes[node_id].behaviour
    _watch_inactivity(flow, turn, place, behaviour)
    return Session(
        flow_id=flow.flow_id,
        flow_version=flow.version,
        current_node_id=node_id,
        variables=turn.variables,
        execution_path=path,
        attempts=place.attempts,
        awaiting_input=isinstance(behaviour, Waiting),
        user_message=said,
        selected_option=selected,
        timers=turn.timers,
        effect_id=turn.effect_id,
        gathered=tuple(place.gathered),
        backlog=tuple(place.backlog),
        spoke=tuple(place.spoke),
        callers=base.callers,
        is_blocked=place.is_blocked,
        is_taken=place.is_taken,
        is_handed_over=isinstance(behaviour, Holding) and behaviour.is_with_person,
        memo=turn.memo,
    )


def _for_the_next(turn: Turn, base: Session, place: Place) -> dict[str, Any]:
    """What an ended session keeps for the flow that goes on in its place: one it jumps to, or its caller."""
    is_jump = bool(turn.commands) and isinstance(turn.commands[-1], JumpToFlow)
    return {"backlog": tuple(place.backlog), "memo": turn.memo} if is_jump or base.callers else {}


def _watch_inactivity(flow: CompiledFlow, turn: Turn, place: Place, behaviour: Behaviour) -> None:
    """A question without an answer is noticed after a while; each message of the contact begins it anew."""
    inactivity = flow.settings.inactivity
    if inactivity is None or INACTIVITY in turn.timers or turn.memo.get(INACTIVITY):
        return
    if isinstance(behaviour, Waiting) and not (place.is_taken or place.is_blocked or place.gathered):
        turn.set_timer(INACTIVITY, inactivity.warn_seconds)
