"""The flow engine: one event in, a new session and commands out. Pure but for the monotonic clock passed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final, assert_never

from services.executor.domain.answers import Accepted
from services.executor.domain.budget import MAX_WORK, Budget, WorkSpent
from services.executor.domain.commands import Command, Ended, EndReason, JumpToFlow, LimitReached, LimitReason
from services.executor.domain.compile import CompiledFlow, CompiledNode
from services.executor.domain.events import Event, FlowStarted, InboundMessage, TimerFired
from services.executor.domain.flow_settings import FlowSettings
from services.executor.domain.json_value import Json
from services.executor.domain.session import MAX_PATH, Session
from services.executor.domain.texts import words
from services.executor.domain.turn import (
    Finish,
    Go,
    GoTo,
    LeaveFlow,
    Move,
    Note,
    Passing,
    Turn,
    ValidationFailure,
    Waiting,
)
from services.executor.domain.variables import Scope

# A batch of turns has one moment; flows are of few zones.
_MOST_MOMENTS: Final = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """Guards of one turn: nodes entered (MAX_FLOW_ITERATIONS), milliseconds (FLOW_EXECUTION_TIMEOUT_MS), work."""

    max_iterations: int = 100
    timeout_ms: int = 30_000
    work: int = MAX_WORK


@dataclass(frozen=True, slots=True)
class Trace:
    """What the turn did, for analytics: nodes entered in order, wrong answers, remarks."""

    visited: tuple[str, ...] = ()
    failures: tuple[ValidationFailure, ...] = ()
    notes: tuple[Note, ...] = ()


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
    now: datetime,
    limits: Limits,
    context: Mapping[str, Json],
    monotonic: Callable[[], float],
) -> Outcome:
    """Run one turn. No session, an ended one, or one at a node the flow no longer has begins at the start.

    `now` is time-zone aware; `context` holds system variables ("contact.name": …, or nested objects);
    `monotonic` gives seconds. Never raises for anything a contact can send.
    """
    standing = session if session is not None and _can_resume(flow, session, event) else None
    if standing is None and isinstance(event, TimerFired):
        return Outcome(session or _fresh(flow, is_active=False), (), Trace())
    base = standing or _fresh(flow)
    run = _Run(flow, _begin_turn(flow, base, event, now, context, limits), limits, monotonic)
    try:
        if standing is not None:
            run.resume(standing, event)
        else:
            if session is not None and session.is_active and session.current_node_id is not None:
                run.turn.notes.append(Note(session.current_node_id, "restarted"))
            run.start(event)
    except WorkSpent:
        run.stop("work")
    return run.outcome(base)


def _can_resume(flow: CompiledFlow, session: Session, event: Event) -> bool:
    return session.is_active and session.current_node_id in flow.nodes and not isinstance(event, FlowStarted)


def _fresh(flow: CompiledFlow, *, is_active: bool = True) -> Session:
    return Session(flow.flow_id, flow.version, variables=flow.variables, is_active=is_active)


def _begin_turn(
    flow: CompiledFlow, base: Session, event: Event, now: datetime, context: Mapping[str, Json], limits: Limits
) -> Turn:
    variables = dict(base.variables)
    said = event.spoken() if isinstance(event, InboundMessage) else base.user_message
    system: dict[str, Json] = {
        **_clock(flow.settings, now),
        **context,
        "user_message": said,
        "selected_option": base.selected_option,
    }
    scope = Scope(variables, system, flow.settings.keep_unknown, None, Budget(limits.work))
    turn = Turn(variables, system, scope, [], [], [], [])
    if isinstance(event, FlowStarted):
        for name, value in event.variables.items():
            turn.assign(name, value)
    return turn


def _clock(settings: FlowSettings, now: datetime) -> dict[str, Json]:
    local = _local_time(settings.zone, now)
    is_portuguese = settings.language.lower().startswith("pt")
    day = f"{local[8:10]}/{local[5:7]}/{local[:4]}" if is_portuguese else local[:10]
    return {"current_time": local[11:16], "current_date": day}


@lru_cache(maxsize=_MOST_MOMENTS)
def _local_time(zone: tzinfo, now: datetime) -> str:
    """A moment's ISO form in a zone, which is cut up with far less work than strftime."""
    return now.astimezone(zone).isoformat()


class _Run:
    """The walk of one turn through the graph. It stands at `waiting_at` when done, or the flow has ended."""

    __slots__ = (
        "_deadline", "_entered", "_limits", "_monotonic", "_opening", "attempts", "flow", "turn",
        "waiting_at",
    )  # fmt: skip

    def __init__(self, flow: CompiledFlow, turn: Turn, limits: Limits, monotonic: Callable[[], float]) -> None:
        self.flow = flow
        self.turn = turn
        self.waiting_at: str | None = None
        self.attempts = 0
        self._limits = limits
        self._monotonic = monotonic
        self._deadline = monotonic() + limits.timeout_ms / 1000
        self._entered = 0
        self._opening: InboundMessage | None = None
        turn.place = flow.start_id

    def start(self, event: Event) -> None:
        """Begin at the start node; the event is an answer only when the flow consumes its opening."""
        if self.flow.settings.consume_opening and isinstance(event, InboundMessage):
            self._opening = event
        self._walk(self.flow.start_id)

    def resume(self, session: Session, event: Event) -> None:
        """Go on from where the session stands."""
        assert session.current_node_id is not None
        node = self.flow.nodes[session.current_node_id]
        self.turn.place = node.id
        if isinstance(node.behaviour, Passing):
            # A session that was moved onto a node that does not wait: run on from that node.
            self._walk(node.id)
        elif isinstance(event, InboundMessage):
            self.attempts = session.attempts
            self._walk(self._receive(node, node.behaviour, event))
        else:
            self._on_timer(node, session, event)

    def outcome(self, base: Session) -> Outcome:
        """The new session and everything gathered."""
        turn = self.turn
        session = Session(
            flow_id=self.flow.flow_id,
            flow_version=self.flow.version,
            current_node_id=self.waiting_at,
            variables=turn.variables,
            execution_path=(*base.execution_path, *turn.visited)[-MAX_PATH:],
            is_active=self.waiting_at is not None,
            attempts=self.attempts if self.waiting_at is not None else 0,
            awaiting_input=self.waiting_at is not None,
            user_message=str(turn.system["user_message"]),
            selected_option=str(turn.system["selected_option"]),
        )
        trace = Trace(tuple(turn.visited), tuple(turn.failures), tuple(turn.notes))
        return Outcome(session, tuple(turn.commands), trace)

    def _on_timer(self, node: CompiledNode, session: Session, event: Event) -> None:
        target = node.exits.named(event.name) if isinstance(event, TimerFired) else None
        if target is None:
            self.waiting_at, self.attempts = node.id, session.attempts
        self._walk(target)

    def _walk(self, node_id: str | None) -> None:
        while node_id is not None:
            node = self.flow.node(node_id)
            self.turn.place = node.id
            reason = self._guard()
            if reason is not None:
                self.stop(reason)
                return
            self.turn.visited.append(node.id)
            node_id = self._enter(node)

    def stop(self, reason: LimitReason) -> None:
        """End the turn where it is; what was said stays said."""
        self.turn.commands.append(LimitReached(self.turn.place, reason))
        self.waiting_at = None

    def _guard(self) -> LimitReason | None:
        self._entered += 1
        if self._entered > self._limits.max_iterations:
            return "iterations"
        return "timeout" if self._monotonic() > self._deadline else None

    def _enter(self, node: CompiledNode) -> str | None:
        """Act as the node says; the id of the next node, or None when the turn is over."""
        behaviour = node.behaviour
        if isinstance(behaviour, Passing):
            return self._follow(node, behaviour.run(self.turn))
        return self._ask(node, behaviour)

    def _ask(self, node: CompiledNode, waiting: Waiting) -> str | None:
        opening, self._opening = self._opening, None
        if opening is not None:
            verdict = waiting.judge(opening)
            if isinstance(verdict, Accepted):
                return self._accept(node, waiting, verdict)
        waiting.ask(self.turn)
        self.waiting_at, self.attempts = node.id, 0
        return None

    def _receive(self, node: CompiledNode, waiting: Waiting, message: InboundMessage) -> str | None:
        verdict = waiting.judge(message)
        if isinstance(verdict, Accepted):
            return self._accept(node, waiting, verdict)
        if waiting.otherwise is not None:
            return self._leave(node, (waiting.otherwise,))
        self.attempts += 1
        self.turn.failures.append(ValidationFailure(node.id, verdict.code, self.attempts))
        if self.attempts >= waiting.max_attempts:
            return self._give_up(node)
        self._ask_again(node, waiting, verdict.code)
        return None

    def _accept(self, node: CompiledNode, waiting: Waiting, verdict: Accepted) -> str | None:
        self.turn.assign(waiting.variable_name, verdict.value)
        if verdict.selected is not None:
            self.turn.system["selected_option"] = verdict.selected
        return self._leave(node, (*verdict.handles, *waiting.main_handles))

    def _ask_again(self, node: CompiledNode, waiting: Waiting, code: str) -> None:
        own = self.turn.render(waiting.error_text) if waiting.error_text is not None else ""
        self.turn.say(node.id, own if own.strip() else words(code, self.flow.settings.language))
        if self.flow.settings.repeat_question:
            waiting.ask(self.turn)
        self.waiting_at = node.id

    def _give_up(self, node: CompiledNode) -> str | None:
        target = node.exits.named("invalid")
        if target is None:
            self.turn.say(node.id, words("attempts", self.flow.settings.language))
            self._end(node, "attempts_exceeded")
        return target

    def _follow(self, node: CompiledNode, move: Move) -> str | None:
        # Not `match`: a class pattern takes seven times as long as isinstance, and every node comes by here.
        if isinstance(move, Go):
            return self._leave(node, move.handles)
        if isinstance(move, GoTo):
            return move.node_id
        if isinstance(move, Finish):
            self._end(node, move.reason)
        elif isinstance(move, LeaveFlow):
            self.turn.commands.append(JumpToFlow(node.id, move.flow, move.variables))
        else:
            assert_never(move)
        return None

    def _leave(self, node: CompiledNode, handles: tuple[str, ...]) -> str | None:
        target = node.exits.leading(handles)
        if target is None:
            self._end(node, "no_edge")
        return target

    def _end(self, node: CompiledNode, reason: EndReason) -> None:
        self.turn.commands.append(Ended(node.id, reason))
