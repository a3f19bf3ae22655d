"""The walk of one turn through a flow's graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, assert_never

from services.executor.domain.answers import Accepted
from services.executor.domain.bursts import is_full, one_of
from services.executor.domain.commands import CallFlow, Ended, EndReason, JumpToFlow, LimitReached, LimitReason
from services.executor.domain.compile import CompiledFlow, CompiledNode
from services.executor.domain.events import DeliveryFailed, Event, InboundMessage, Released, Taken, TimerFired
from services.executor.domain.place import INACTIVITY, Place, session_after
from services.executor.domain.session import Session
from services.executor.domain.texts import words
from services.executor.domain.turn import (
    Finish,
    Go,
    GoTo,
    Holding,
    LeaveFlow,
    Move,
    Note,
    Passing,
    Turn,
    ValidationFailure,
    Visit,
    Waiting,
)

MOST_BACKLOG: Final = 20


class Walk:
    """When done it stands at its place, or the flow has ended."""

    __slots__ = (
        "_base", "_clock", "_deadline", "_entered", "_flow", "_max_iterations", "_opening", "_place", "_turn", "_via",
    )  # fmt: skip

    def __init__(
        self,
        flow: CompiledFlow,
        turn: Turn,
        base: Session,
        *,
        max_iterations: int,
        timeout_ms: int,
        clock: Callable[[], float],
    ) -> None:
        """`base` is the session as it was; `clock` gives seconds."""
        self._flow = flow
        self._turn = turn
        self._base = base
        self._max_iterations = max_iterations
        self._clock = clock
        self._deadline = clock() + timeout_ms / 1000
        self._entered = 0
        self._opening: InboundMessage | None = None
        # The exit by which the node was left; empty when it is entered again by itself.
        self._via = ""
        self._place = Place(list(base.gathered), list(base.backlog), list(base.spoke), is_taken=base.is_taken)
        turn.place = flow.start_id

    def start(self, event: Event) -> None:
        """Begin at the start node; the event is an answer only when the flow consumes its opening."""
        if self._flow.settings.consume_opening and isinstance(event, InboundMessage):
            self._opening = event
        self._turn.path.append("")
        self._go_to(self._flow.start_id)

    def resume(self, event: Event) -> None:
        """Go on from where the session stands."""
        if isinstance(event, DeliveryFailed):
            self._turn.path.append(event.node_id)
            self._fail(event)
            return
        self._turn.path.append(self._base.current_node_id or "")
        node = self._flow.nodes[self._base.current_node_id or ""]
        self._turn.place = node.id
        if isinstance(event, InboundMessage):
            # What the contact answers to has arrived.
            self._place.spoke.clear()
        if self._base.is_taken or isinstance(event, Taken):
            self._leave_to_people(node, event)
        elif self._base.is_blocked:
            self._unblock(node, event)
        elif isinstance(event, TimerFired):
            self._turn.timers.pop(event.name, None)
            self._on_timer(node, event)
        else:
            self._act(node, event)

    def stop(self, reason: LimitReason) -> None:
        """End the turn where it is; what was said stays said."""
        self._turn.commands.append(LimitReached(self._turn.place, reason))
        self._place.waiting_at = None

    def session(self) -> Session:
        """The session after the turn."""
        return session_after(self._flow, self._turn, self._base, self._place)

    # What comes while the session stands somewhere.

    def _fail(self, event: DeliveryFailed) -> None:
        """A message did not arrive: go where its node says."""
        origin = self._flow.nodes[event.node_id]
        self._turn.notes.append(Note(origin.id, "delivery_failed"))
        self._place.spoke.clear()
        self._via = "failed"
        self._go_to(origin.exits.failing(event.code))

    def _leave_to_people(self, node: CompiledNode, event: Event) -> None:
        """While a person has it nothing moves; afterwards a question stands as if just asked, and a delay or a call

        outside begins anew.
        """
        self._stay(node)
        self._place.is_blocked = self._base.is_blocked
        if isinstance(event, Taken):
            self._place.is_taken = True
            self._turn.timers.clear()
            self._place.gathered.clear()
        elif isinstance(event, Released):
            self._place.is_taken = False
            holding = node.behaviour
            if self._base.is_blocked or (isinstance(holding, Holding) and not holding.is_with_person):
                # What it has to say was never said, or what it waited for has been dropped.
                self._go_to(node.id)
            else:
                self._act(node, event)

    def _unblock(self, node: CompiledNode, event: Event) -> None:
        """A message opens the window: now the node may say what it has to say."""
        if isinstance(event, InboundMessage):
            self._go_to(node.id)
        else:
            self._stay(node)
            self._place.is_blocked = True

    def _act(self, node: CompiledNode, event: Event) -> None:
        behaviour = node.behaviour
        if isinstance(behaviour, Passing):
            # A session that was moved onto a node that does not wait: run on from that node.
            self._go_to(node.id)
        elif isinstance(behaviour, Holding):
            self._wake(node, behaviour, event)
        elif isinstance(event, InboundMessage):
            self._place.attempts = self._base.attempts
            self._turn.timers.pop(INACTIVITY, None)
            self._turn.memo.pop(INACTIVITY, None)
            self._go_to(self._hear(node, behaviour, event))
        else:
            self._stay(node)
            self._arm(behaviour)

    def _on_timer(self, node: CompiledNode, event: TimerFired) -> None:
        behaviour = node.behaviour
        if not isinstance(behaviour, Waiting):
            self._act(node, event)
            return
        if event.name == "burst" and self._place.gathered and behaviour.burst is not None:
            self._place.attempts = self._base.attempts
            self._go_to(self._receive(node, behaviour, self._gathered_message(behaviour)))
            return
        self._stay(node)
        if event.name == INACTIVITY:
            self._on_inactivity(node, behaviour)
        else:
            self._via = event.name
            self._go_to(node.exits.named(event.name))

    def _on_inactivity(self, node: CompiledNode, behaviour: Waiting) -> None:
        inactivity, turn = self._flow.settings.inactivity, self._turn
        if inactivity is None:
            return
        turn.is_muted = not turn.moment.is_window_open
        if not turn.memo.get(INACTIVITY):
            turn.memo[INACTIVITY] = True
            turn.say(node.id, turn.render(inactivity.warn_message))
            if inactivity.then_seconds is not None:
                turn.set_timer(INACTIVITY, inactivity.then_seconds)
            return
        turn.say(node.id, turn.render(inactivity.message))
        if inactivity.action == "remind":
            behaviour.ask(turn)
        elif inactivity.action == "close":
            self._end(node, "inactive")
            self._place.waiting_at = None
        else:
            self._via = INACTIVITY
            self._go_to(inactivity.node or None)

    def _stay(self, node: CompiledNode) -> None:
        """Stand where the session stood."""
        self._place.waiting_at, self._place.attempts = node.id, self._base.attempts

    # Going on.

    def _go_to(self, node_id: str | None) -> None:
        while node_id is not None:
            node = self._flow.node(node_id)
            self._arrive(node)
            reason = self._guard()
            if reason is not None:
                self.stop(reason)
                return
            self._turn.visited.append(node.id)
            self._note_way(node.id)
            node_id = self._enter(node)

    def _note_way(self, node_id: str) -> None:
        path = self._turn.path
        if self._via or path[-1] != node_id:
            path += (self._via, node_id)
        self._via = ""

    def _arrive(self, node: CompiledNode) -> None:
        """What belongs to the node before ends with it."""
        turn = self._turn
        turn.place, turn.effect_id, turn.is_muted = node.id, "", False
        self._place.waiting_at, self._place.attempts, self._place.is_blocked = None, 0, False
        if turn.timers:
            turn.timers.clear()
        if self._place.gathered:
            self._place.gathered.clear()

    def _guard(self) -> LimitReason | None:
        self._entered += 1
        if self._entered > self._max_iterations:
            return "iterations"
        return "timeout" if self._clock() > self._deadline else None

    def _enter(self, node: CompiledNode) -> str | None:
        """Act as the node says; the id of the next node, or None when the turn is over."""
        if node.closed is not None and not self._turn.moment.is_window_open:
            if node.closed.speak is None:
                return self._cannot_speak(node)
            node.closed.speak(self._turn)
            self._turn.is_muted = True
        if node.catches_failures and node.id not in self._place.spoke:
            self._place.spoke.append(node.id)
        behaviour = node.behaviour
        if isinstance(behaviour, Passing):
            return self._follow(node, behaviour.run(self._turn))
        return self._ask(node, behaviour) if isinstance(behaviour, Waiting) else self._hold(node, behaviour)

    def _cannot_speak(self, node: CompiledNode) -> str | None:
        assert node.closed is not None
        if node.closed.policy == "branch":
            self._via = "window_closed"
            return node.exits.named("window_closed")
        self._place.waiting_at, self._place.is_blocked = node.id, True
        self._turn.notes.append(Note(node.id, "window_closed"))
        return None

    def _hold(self, node: CompiledNode, holding: Holding) -> str | None:
        move = holding.enter(self._turn)
        if move is not None:
            return self._follow(node, move)
        self._place.waiting_at = node.id
        return None

    def _wake(self, node: CompiledNode, holding: Holding, event: Event) -> None:
        self._stay(node)
        if isinstance(event, InboundMessage) and holding.is_with_person:
            return
        move = holding.wake(self._turn, event)
        if move is not None:
            self._place.waiting_at = None
            self._go_to(self._follow(node, move))
        elif isinstance(event, InboundMessage) and holding.keeps_messages:
            self._keep(node, event)

    def _keep(self, node: CompiledNode, message: InboundMessage) -> None:
        if len(self._place.backlog) < MOST_BACKLOG:
            self._place.backlog.append(message.to_json())
        else:
            self._turn.notes.append(Note(node.id, "backlog_full"))

    def _ask(self, node: CompiledNode, waiting: Waiting) -> str | None:
        opening, self._opening = self._opening, None
        if opening is not None:
            verdict = waiting.judge(opening)
            if isinstance(verdict, Accepted):
                return self._accept(node, waiting, verdict)
        waiting.ask(self._turn)
        self._place.waiting_at = node.id
        self._arm(waiting)
        return self._hear_backlog(node, waiting) if self._place.backlog else None

    def _arm(self, waiting: Waiting) -> None:
        if waiting.timeout_seconds is not None:
            self._turn.set_timer("no_reply", waiting.timeout_seconds)

    def _hear_backlog(self, node: CompiledNode, waiting: Waiting) -> str | None:
        """What came while nobody was listening counts as if it came now."""
        while self._place.backlog and self._place.waiting_at == node.id:
            message = InboundMessage.from_json(self._place.backlog.pop(0))
            self._turn.system["user_message"] = message.spoken()
            target = self._hear(node, waiting, message)
            if target is not None:
                return target
        return None

    def _hear(self, node: CompiledNode, waiting: Waiting, message: InboundMessage) -> str | None:
        """Take a message as the answer, or as a part of it that others may follow."""
        burst = waiting.burst
        if burst is None or message.reply_id is not None:
            # Nobody taps in parts: what was typed before the tap is superseded.
            return self._receive(node, waiting, message)
        self._place.waiting_at = node.id
        self._place.gathered.append(message.to_json())
        self._turn.timers.pop("no_reply", None)
        if is_full(self._place.gathered):
            return self._receive(node, waiting, self._gathered_message(waiting))
        self._turn.set_timer("burst", burst.quiet_seconds)
        return None

    def _gathered_message(self, waiting: Waiting) -> InboundMessage:
        assert waiting.burst is not None
        message = one_of(self._place.gathered, waiting.burst.policy)
        self._turn.system["user_message"] = message.spoken()
        return message

    def _receive(self, node: CompiledNode, waiting: Waiting, message: InboundMessage) -> str | None:
        self._place.waiting_at = None
        self._place.gathered.clear()
        self._turn.timers.pop("burst", None)
        verdict = waiting.judge(message)
        if isinstance(verdict, Accepted):
            return self._accept(node, waiting, verdict)
        if waiting.otherwise is not None:
            return self._leave(node, (waiting.otherwise,))
        self._place.attempts += 1
        self._turn.failures.append(ValidationFailure(node.id, verdict.code, self._place.attempts))
        if self._place.attempts >= waiting.max_attempts:
            return self._give_up(node)
        self._ask_again(node, waiting, verdict.code)
        return None

    def _accept(self, node: CompiledNode, waiting: Waiting, verdict: Accepted) -> str | None:
        self._turn.assign(waiting.variable_name, verdict.value)
        if verdict.selected is not None:
            self._turn.system["selected_option"] = verdict.selected
        return self._leave(node, (*verdict.handles, *waiting.main_handles))

    def _ask_again(self, node: CompiledNode, waiting: Waiting, code: str) -> None:
        turn, settings = self._turn, self._flow.settings
        own = turn.render(waiting.error_text) if waiting.error_text is not None else ""
        turn.say(node.id, own if own.strip() else words(code, settings.language))
        if settings.repeat_question:
            waiting.ask(turn)
        self._place.waiting_at = node.id
        self._arm(waiting)

    def _give_up(self, node: CompiledNode) -> str | None:
        target = node.exits.named("invalid")
        self._via = "invalid"
        if target is None:
            self._turn.say(node.id, words("attempts", self._flow.settings.language))
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
            self._turn.commands.append(JumpToFlow(node.id, move.flow, move.variables))
        elif isinstance(move, Visit):
            self._turn.commands.append(CallFlow(node.id, move.flow, move.variables))
            self._place.waiting_at = node.id
        else:
            assert_never(move)
        return None

    def _leave(self, node: CompiledNode, handles: tuple[str, ...]) -> str | None:
        target = node.exits.leading(handles)
        self._via = node.exits.taken(handles)
        if target is None:
            self._end(node, "no_edge")
        return target

    def _end(self, node: CompiledNode, reason: EndReason) -> None:
        self._turn.commands.append(Ended(node.id, reason))
