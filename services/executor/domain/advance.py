"""One arrival, taken through the rules of a conversation: which session, which flow, what is said and recorded.

Pure: states and flows come in, effects come out. A flow that is not at hand raises FlowNeeded; whoever calls loads it
and calls again, which is harmless because nothing has happened yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, assert_never
from uuid import UUID

from services.executor.domain.arrival import SESSION_EXPIRY, Arrival, Contact, SendFailed, TimerDue
from services.executor.domain.commands import (
    CallFlow,
    ChangeContact,
    Ended,
    HandBack,
    HandOver,
    JumpToFlow,
    LimitReached,
    LogEvent,
    Order,
    Say,
    StartEffect,
)
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.effects import Effects, Ordered, Rules, Said, Timer
from services.executor.domain.engine import Outcome, step
from services.executor.domain.events import (
    Event,
    FlowStarted,
    InboundMessage,
    Released,
    Returned,
    TimerFired,
)
from services.executor.domain.flow_settings import DEFAULT_ZONE, zone_of
from services.executor.domain.identifiers import derived_id, written_id
from services.executor.domain.json_value import Json, text_at
from services.executor.domain.log_book import LogBook
from services.executor.domain.session import Session
from services.executor.domain.standing import Line, Standing, state_id_of
from services.executor.domain.turn import Moment

# Flows begun or gone back to inside one turn; more than this is a circle.
MOST_JUMPS: Final = 10
# Flows that wait for each other's end.
MOST_CALLERS: Final = 10

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def advance(arrival: Arrival, standings: Mapping[UUID, Standing], rules: Rules) -> Effects:
    """Take one arrival through; `standings` are the conversation's states by id. Raises FlowNeeded."""
    return _Advance(arrival, standings, rules).run()


class _Advance:
    def __init__(self, arrival: Arrival, standings: Mapping[UUID, Standing], rules: Rules) -> None:
        self._arrival = arrival
        self._standings = standings
        self._rules = rules
        self._effects = Effects()
        self._log = LogBook(arrival, self._effects.records)
        self._jumps = 0

    def run(self) -> Effects:
        active = next((standing for standing in self._standings.values() if standing.session.is_active), None)
        if self._arrival.signal is not None:
            self._on_signal(active)
            return self._effects
        live = active if active is not None and active.is_live(self._rules.now) else None
        if live is not None and self._arrival.start_reason == "test" and self._names_other_flow(live):
            live = None
        self._log.heard(live, self._opened(live), self._rules.now)
        if active is not None and live is None:
            self._end(active, "expired" if not active.is_live(self._rules.now) else "replaced")
        if live is not None and live.session.is_with_person:
            self._put(self._after(live, live.session, messages=1))
        elif self._arrival.may_run_flow:
            self._turn(live)
        return self._effects

    def _names_other_flow(self, live: Standing) -> bool:
        return self._arrival.start_flow_id not in ("", live.session.flow_id)

    # Signals.

    def _on_signal(self, active: Standing | None) -> None:
        signal, now = self._arrival.signal, self._rules.now
        if isinstance(signal, TimerDue) and signal.kind == SESSION_EXPIRY:
            self._on_expiry(active)
        elif isinstance(signal, SendFailed):
            failed = self._standings.get(state_id_of(self._arrival.conversation_id, signal.flow_id))
            if failed is not None and failed is (active or failed) and failed.session_expires_at > now:
                self._signal(failed, signal.failure)
        elif active is not None and active.is_live(now):
            if isinstance(signal, TimerDue):
                if signal.state_id == active.state_id:
                    self._signal(active, TimerFired(signal.kind, signal.due_us))
            elif signal is not None:
                self._signal(active, signal)

    def _on_expiry(self, active: Standing | None) -> None:
        if active is None:
            return
        if active.is_live(self._rules.now):
            # It was given more time meanwhile, or people have it: look again later.
            self._set_expiry(active)
            return
        self._end(active, "expired")

    def _signal(self, standing: Standing, event: Event) -> None:
        """Take what is no message to a session; who talks where is known from its last message."""
        line, contact = standing.line, standing.contact
        self._arrival = replace(
            self._arrival,
            phone_number_id=line.phone_number_id,
            contact=Contact(contact.contact_id, contact.wa_id, contact.user_id, line.contact_name),
            window_expires_at=line.window_expires_at,
            time_zone=line.time_zone,
            profile=line.profile,
        )
        self._log.arrival = self._arrival
        flow = self._flow(standing.session.flow_id, standing.session.flow_version)
        if flow is not None:
            self._step(flow, standing, event)

    # Messages.

    def _opened(self, live: Standing | None) -> CompiledFlow | None:
        """The flow that a message begins, if it does."""
        arrival = self._arrival
        may_begin = live is None and arrival.may_run_flow and bool(arrival.start_flow_id)
        return self._flow(arrival.start_flow_id, 0) if may_begin else None

    def _turn(self, live: Standing | None) -> None:
        if live is not None:
            flow = self._flow(live.session.flow_id, live.session.flow_version)
            if flow is not None:
                if live.session.current_node_id is None:
                    # Another version was published with the policy "restart": it begins now.
                    self._log.note("flow_started", flow, flow.start_id, "restarted")
                self._step(flow, live, self._arrival.message)
            return
        if not self._arrival.start_flow_id:
            return
        flow = self._flow(self._arrival.start_flow_id, 0)
        if flow is None:
            # Named by router but not published (any more): nothing to say, and the log shows it.
            self._log.note("limit_reached", Session(self._arrival.start_flow_id, 0), "", "flow is not published")
            return
        self._start(flow, self._arrival.message, Session(flow.flow_id, flow.version))

    # Flows.

    def _start(self, flow: CompiledFlow, event: Event, session: Session) -> None:
        self._log.note("flow_started", flow, flow.start_id, self._arrival.start_reason)
        standing = self._new_standing(flow, session)
        self._set_expiry(standing)
        self._step(flow, standing, event)

    def _step(self, flow: CompiledFlow, standing: Standing, event: Event) -> None:
        rules, session = self._rules, standing.session
        outcome = step(
            flow,
            session if session.current_node_id is not None or not isinstance(event, InboundMessage) else None,
            event,
            moment=self._moment(flow),
            limits=rules.limits,
            context=self._context(),
            monotonic=rules.monotonic,
        )
        if outcome.session is session:
            return
        self._log.event(session, event, rules.now)
        said = sum(1 for command in outcome.commands if isinstance(command, Say))
        heard = 1 if isinstance(event, InboundMessage) else 0
        after = self._after(standing, outcome.session, messages=said + heard, flow=flow)
        self._put(after)
        if session.timers or outcome.session.timers:
            self._set_timers(session, after)
        if session.is_with_person and not outcome.session.is_with_person and not isinstance(event, Released):
            # Before the rest: a flow that is begun now may hand over anew.
            self._order(flow, HandBack(session.current_node_id or ""))
        self._carry_out(flow, outcome)

    def _after(
        self, standing: Standing, session: Session, *, messages: int, flow: CompiledFlow | None = None
    ) -> Standing:
        arrival, now = self._arrival, self._rules.now
        expires_at = standing.session_expires_at
        if messages or session.timers:
            own = flow.settings.session_ttl_seconds if flow is not None else None
            # What is waited for longer than a session lasts must find it alive.
            latest = max(session.timers.values(), default=0)
            from_when = max(now, _EPOCH + timedelta(microseconds=latest)) if latest else now
            expires_at = from_when + (timedelta(seconds=own) if own is not None else self._rules.ttl)
        return standing.after_turn(
            session,
            contact=arrival.contact,
            line=Line(
                arrival.phone_number_id,
                arrival.contact.name,
                arrival.window_expires_at,
                arrival.time_zone,
                arrival.profile,
            ),
            messages=messages,
            now=now,
            expires_at=expires_at,
        )

    def _carry_out(self, flow: CompiledFlow, outcome: Outcome) -> None:
        self._log.trace(flow, outcome.trace)
        for command in outcome.commands:
            if isinstance(command, Say):
                self._say(flow, command)
            elif isinstance(command, Ended):
                self._ended(flow, outcome.session, command)
            elif isinstance(command, LimitReached):
                self._log.note("limit_reached", flow, command.node_id, command.reason)
                self._log.note("flow_ended", flow, command.node_id, "limit")
            elif isinstance(command, JumpToFlow):
                self._jump(flow, outcome.session, command)
            elif isinstance(command, CallFlow):
                self._call(flow, outcome.session, command)
            elif isinstance(command, LogEvent):
                self._log.note("flow_event", flow, command.node_id, command.name)
            elif isinstance(command, StartEffect | ChangeContact | HandOver | HandBack):
                self._order(flow, command)
            else:
                assert_never(command)

    def _ended(self, flow: CompiledFlow, session: Session, command: Ended) -> None:
        self._log.note("flow_ended", flow, command.node_id, command.reason)
        if not session.callers:
            return
        caller = session.callers[-1]
        waiting = self._current(state_id_of(self._arrival.conversation_id, text_at(caller, "flow_id")))
        if waiting is None or waiting.session.current_node_id is None or not self._may_go_on(flow, command.node_id):
            return
        calling = self._flow(waiting.session.flow_id, waiting.session.flow_version)
        if calling is not None:
            self._step(calling, waiting.returned(session), Returned(session.variables))

    def _jump(self, flow: CompiledFlow, session: Session, command: JumpToFlow) -> None:
        leaving = self._current(state_id_of(self._arrival.conversation_id, flow.flow_id))
        if leaving is not None:
            self._end(leaving, "jumped", command.node_id)
        target = self._target(flow, command)
        if target is not None:
            begun = session.handed_on(target.flow_id, target.version, session.callers)
            self._start(target, FlowStarted(command.variables), begun)

    def _call(self, flow: CompiledFlow, session: Session, command: CallFlow) -> None:
        target = self._target(flow, command)
        callers = {text_at(caller, "flow_id") for caller in session.callers} | {flow.flow_id}
        if target is not None and (target.flow_id in callers or len(callers) > MOST_CALLERS):
            self._log.note("limit_reached", flow, command.node_id, "the flow calls itself, or calls too deep")
            target = None
        waiting = self._current(state_id_of(self._arrival.conversation_id, flow.flow_id))
        if waiting is not None and target is None:
            self._end(waiting, "stopped")
        if waiting is None or target is None:
            return
        self._put(waiting.visiting())
        frame: Mapping[str, Json] = {"flow_id": flow.flow_id, "flow_version": flow.version}
        begun = session.handed_on(target.flow_id, target.version, (*session.callers, frame))
        self._start(target, FlowStarted(command.variables), begun)

    def _target(self, flow: CompiledFlow, command: JumpToFlow | CallFlow) -> CompiledFlow | None:
        if not self._may_go_on(flow, command.node_id):
            return None
        target = self._flow(command.flow, 0)
        if target is None:
            self._log.note("limit_reached", flow, command.node_id, "the flow it leads to is not published")
        return target

    def _may_go_on(self, flow: CompiledFlow, node_id: str) -> bool:
        self._jumps += 1
        if self._jumps > MOST_JUMPS:
            self._log.note("limit_reached", flow, node_id, "jumps")
        return self._jumps <= MOST_JUMPS

    # What it comes to.

    def _say(self, flow: CompiledFlow, command: Say) -> None:
        arrival = self._arrival
        # The same event says the same things under the same ids, so a repeat is one message for sender.
        message_id = derived_id(arrival.conversation_id, f"{arrival.event_id}#{len(self._effects.said)}")
        self._effects.said.append(Said(message_id, arrival, flow.flow_id, command))
        self._log.note("bot_message", flow, command.node_id, command.words)

    def _order(self, flow: CompiledFlow, command: Order) -> None:
        arrival = self._arrival
        order_id = derived_id(arrival.conversation_id, f"order:{arrival.event_id}#{len(self._effects.ordered)}")
        self._effects.ordered.append(Ordered(order_id, arrival, flow.flow_id, command))
        if isinstance(command, HandOver):
            target = command.queue_id or command.department or command.agent
            self._log.note("handed_over", flow, command.node_id, target)

    def _set_expiry(self, standing: Standing) -> None:
        now = self._rules.now
        is_overdue = standing.session_expires_at <= now
        self._set_timer(standing, SESSION_EXPIRY, now + self._rules.ttl if is_overdue else standing.session_expires_at)

    def _set_timers(self, before: Session, after: Standing) -> None:
        """Set what the session waits for now, and drop what it waits for no longer."""
        signal, timers = self._arrival.signal, after.session.timers
        fired = signal.kind if isinstance(signal, TimerDue) else ""
        for kind, due_us in timers.items():
            if before.timers.get(kind) != due_us or kind == fired:
                self._set_timer(after, kind, _EPOCH + timedelta(microseconds=due_us))
        for kind in before.timers:
            if kind not in timers and kind != fired:
                self._set_timer(after, kind, None)

    def _set_timer(self, standing: Standing, kind: str, fire_at: datetime | None) -> None:
        self._effects.timers.append(
            Timer(standing.organization_id, standing.conversation_id, kind, standing.state_id, fire_at)
        )

    def _end(self, standing: Standing, reason: str, node_id: str = "") -> None:
        """Take a session out of its flow before its time."""
        session = standing.session
        self._log.note("flow_ended", session, node_id or session.current_node_id or "", reason)
        for kind in standing.session.timers:
            self._set_timer(standing, kind, None)
        self._put(standing.ended())

    def _new_standing(self, flow: CompiledFlow, session: Session) -> Standing:
        arrival, now = self._arrival, self._rules.now
        state_id = state_id_of(arrival.conversation_id, flow.flow_id)
        former = self._current(state_id)
        own = flow.settings.session_ttl_seconds
        return Standing(
            organization_id=arrival.organization_id,
            state_id=state_id,
            conversation_id=arrival.conversation_id,
            contact=arrival.contact,
            session=session,
            messages_count=0,
            last_message_at=now,
            session_expires_at=now + (timedelta(seconds=own) if own is not None else self._rules.ttl),
            created_at=now,
            closed_at=None,
            revision=former.revision if former else 0,
        )

    def _current(self, state_id: UUID) -> Standing | None:
        return self._effects.standings.get(state_id) or self._standings.get(state_id)

    def _put(self, standing: Standing) -> None:
        self._effects.standings[standing.state_id] = standing

    def _flow(self, flow: str, version: int) -> CompiledFlow | None:
        return self._rules.find_flow(self._arrival.organization_id, flow, version)

    def _moment(self, flow: CompiledFlow) -> Moment:
        arrival = self._arrival
        closes_at = arrival.window_expires_at
        return Moment(
            now=self._rules.now,
            zone=flow.settings.zone or _zone(arrival.time_zone),
            seed=arrival.event_id,
            person=written_id(arrival.contact.contact_id),
            window_closes_at=_EPOCH + timedelta(seconds=closes_at) if closes_at else None,
        )

    def _context(self) -> dict[str, Json]:
        contact = self._arrival.contact
        return {
            "contact": {"name": contact.name, "phone": contact.wa_id, "email": "", **self._arrival.profile},
            "conversation": {"id": written_id(self._arrival.conversation_id)},
        }


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    """An organization's zone; one that is unknown here must not stop its flows."""
    try:
        return zone_of(name)
    except ValueError:
        return DEFAULT_ZONE
