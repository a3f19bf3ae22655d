"""The flow engine: one event in, a new session and commands out. Pure but for the monotonic clock passed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final

from services.executor.domain.budget import Budget, WorkSpent
from services.executor.domain.commands import Command
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.contact_view import MEMO, contact_seen
from services.executor.domain.events import DeliveryFailed, EffectDone, Event, FlowStarted, InboundMessage, TimerFired
from services.executor.domain.json_value import Json
from services.executor.domain.limits import Limits
from services.executor.domain.session import Session
from services.executor.domain.turn import Moment, Note, Turn, ValidationFailure
from services.executor.domain.variables import Scope
from services.executor.domain.walk import Walk

# A batch of turns has one moment; flows are of few zones.
_MOST_MOMENTS: Final = 256


@dataclass(frozen=True, slots=True)
class Trace:
    """What the turn did, for analytics: nodes entered in order, wrong answers, remarks.

    `path` is the way with its exits: node, exit, node … node; an empty first node is the beginning of the flow.
    """

    visited: tuple[str, ...] = ()
    failures: tuple[ValidationFailure, ...] = ()
    notes: tuple[Note, ...] = ()
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a turn: the session to save and the commands to carry out, in order."""

    session: Session
    commands: tuple[Command, ...]
    trace: Trace


def step(
    flow: CompiledFlow,
    session: Session | None,
    event: Event,
    *,
    moment: Moment,
    limits: Limits,
    context: Mapping[str, Json],
    monotonic: Callable[[], float],
) -> Outcome:
    """Run one turn. No session, an ended one, or one at a node the flow no longer has begins at the start.

    Only a message and FlowStarted begin anything: what else comes when nothing waits for it changes nothing, and the
    outcome holds the same session. `context` holds system variables ("contact.name": …, or nested objects);
    `monotonic` gives seconds. Never raises for anything a contact can send.
    """
    standing = session if session is not None and _can_resume(flow, session, event) else None
    if standing is None and not isinstance(event, InboundMessage | FlowStarted):
        return Outcome(session or _fresh(flow, is_active=False), (), Trace())
    if standing is not None and _is_stale(standing, event):
        return Outcome(standing, (), Trace())
    base = standing or _fresh(flow, session if isinstance(event, FlowStarted) else None)
    turn = _begin_turn(flow, base, event, moment, context, limits)
    walk = Walk(flow, turn, base, max_iterations=limits.max_iterations, timeout_ms=limits.timeout_ms, clock=monotonic)
    try:
        if standing is not None:
            walk.resume(event)
        else:
            if session is not None and session.is_active and session.current_node_id is not None:
                turn.notes.append(Note(session.current_node_id, "restarted"))
            walk.start(event)
    except WorkSpent:
        walk.stop("work")
    return Outcome(
        walk.session(),
        tuple(turn.commands),
        Trace(tuple(turn.visited), tuple(turn.failures), tuple(turn.notes), tuple(turn.path)),
    )


def _can_resume(flow: CompiledFlow, session: Session, event: Event) -> bool:
    if isinstance(event, DeliveryFailed):
        # What was said last may fail after the flow has ended.
        return failure_target(flow, session, event) is not None
    return session.is_active and session.current_node_id in flow.nodes and not isinstance(event, FlowStarted)


def failure_target(flow: CompiledFlow, session: Session, event: DeliveryFailed) -> str | None:
    """Where a failed message leads; None when the flow has gone on since, or has no edge for it."""
    if event.node_id not in session.spoke or session.is_with_person:
        return None
    node = flow.nodes.get(event.node_id)
    return node.exits.failing(event.code) if node is not None else None


def _is_stale(session: Session, event: Event) -> bool:
    """Whether a timer or an effect is not the one that is waited for (any more)."""
    if isinstance(event, TimerFired):
        return event.due_us is not None and session.timers.get(event.name) != event.due_us
    return isinstance(event, EffectDone) and event.effect_id != session.effect_id


def _fresh(flow: CompiledFlow, begun: Session | None = None, *, is_active: bool = True) -> Session:
    """The first session of a flow; `begun` holds what another flow hands on to it."""
    if begun is None:
        return Session(flow.flow_id, flow.version, variables=flow.variables, is_active=is_active)
    return replace(begun.handed_on(flow.flow_id, flow.version, begun.callers), variables=flow.variables)


def _begin_turn(
    flow: CompiledFlow, base: Session, event: Event, moment: Moment, context: Mapping[str, Json], limits: Limits
) -> Turn:
    variables = dict(base.variables)
    said = event.spoken() if isinstance(event, InboundMessage) else base.user_message
    system: dict[str, Json] = {
        **_clock(flow.settings.language, moment.zone, moment.now),
        **context,
        "user_message": said,
        "selected_option": base.selected_option,
    }
    changes = base.memo.get(MEMO)
    if isinstance(changes, dict):
        system[MEMO] = contact_seen(system.get(MEMO), changes)
    scope = Scope(variables, system, flow.settings.keep_unknown, None, Budget(limits.work))
    turn = Turn(
        variables, system, scope, [], [], [], [],
        moment=moment, timers=dict(base.timers), memo=dict(base.memo), effect_id=base.effect_id,
    )  # fmt: skip
    if isinstance(event, FlowStarted):
        for name, value in event.variables.items():
            turn.assign(name, value)
    return turn


def _clock(language: str, zone: tzinfo, now: datetime) -> dict[str, Json]:
    local = _local_time(zone, now)
    is_portuguese = language.lower().startswith("pt")
    day = f"{local[8:10]}/{local[5:7]}/{local[:4]}" if is_portuguese else local[:10]
    return {"current_time": local[11:16], "current_date": day}


@lru_cache(maxsize=_MOST_MOMENTS)
def _local_time(zone: tzinfo, now: datetime) -> str:
    """A moment's ISO form in a zone, which is cut up with far less work than strftime."""
    return now.astimezone(zone).isoformat()
