"""One arrival, taken through the rules of a conversation: which session, which flow, what is said and recorded.

Pure: states and flows come in, effects come out. A flow that is not at hand raises FlowNeeded; whoever calls loads it
and calls again, which is harmless because nothing has happened yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.executor.domain.arrival import SESSION_EXPIRY, Arrival
from services.executor.domain.commands import Ended, JumpToFlow, LimitReached, SendButtons, SendList, SendText
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.engine import Limits, Outcome, step
from services.executor.domain.events import Event, FlowStarted
from services.executor.domain.identifiers import derived_id, written_id
from services.executor.domain.json_value import Json
from services.executor.domain.session import Session
from services.executor.domain.standing import Standing, state_id_of

RecordKind = Literal["contact_message", "bot_message", "flow_started", "flow_ended", "invalid_answer", "limit_reached"]
Say = SendText | SendButtons | SendList

# Jumps from flow to flow inside one turn; more than this is a circle.
MOST_JUMPS = 10


class FlowNeeded(Exception):
    """A flow must be loaded first. `version` 0 means the published one; `flow` is an id, or a name after a jump."""

    def __init__(self, organization_id: UUID, flow: str, version: int) -> None:
        super().__init__(flow)
        self.organization_id = organization_id
        self.flow = flow
        self.version = version


@dataclass(frozen=True, slots=True)
class Said:
    """A message for the contact, to be handed to sender."""

    message_id: UUID
    arrival: Arrival
    flow_id: str
    command: Say


@dataclass(frozen=True, slots=True)
class Record:
    """Something for the conversation log; `number` orders the records of one arrival."""

    arrival: Arrival
    kind: RecordKind
    flow_id: str
    node_id: str
    text: str
    number: int


@dataclass(frozen=True, slots=True)
class Timer:
    """A durable timer of a conversation; set again it moves."""

    organization_id: UUID
    conversation_id: UUID
    kind: str
    scope: UUID
    fire_at: datetime


@dataclass(slots=True)
class Effects:
    """What one arrival brings about, in order. `standings` holds each changed state once, newest form."""

    standings: dict[UUID, Standing] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a turn needs besides its arrival."""

    find_flow: Callable[[UUID, str, int], CompiledFlow | None]
    limits: Limits
    ttl: timedelta
    now: datetime
    monotonic: Callable[[], float]


def advance(arrival: Arrival, standings: Mapping[UUID, Standing], rules: Rules) -> Effects:
    """Take one arrival through a conversation whose states are `standings` (by state id). Raises FlowNeeded."""
    return _Advance(arrival, standings, rules).run()


class _Advance:
    def __init__(self, arrival: Arrival, standings: Mapping[UUID, Standing], rules: Rules) -> None:
        self._arrival = arrival
        self._standings = standings
        self._rules = rules
        self._effects = Effects()
        self._jumps = 0

    def run(self) -> Effects:
        active = next((standing for standing in self._standings.values() if standing.session.is_active), None)
        if self._arrival.timer:
            self._on_timer(active)
            return self._effects
        live = active if active is not None and active.is_live(self._rules.now) else None
        if active is not None and live is None:
            self._put(active.ended())
        if live is not None and self._arrival.start_reason == "test" and self._names_other_flow(live):
            self._put(live.ended())
            live = None
        self._heard(live)
        if self._arrival.may_run_flow:
            self._turn(live)
        return self._effects

    def _names_other_flow(self, live: Standing) -> bool:
        return self._arrival.start_flow_id not in ("", live.session.flow_id)

    def _on_timer(self, active: Standing | None) -> None:
        if self._arrival.timer != SESSION_EXPIRY or active is None:
            return
        if active.is_live(self._rules.now):
            # It was given more time meanwhile: look again then.
            self._set_timer(active)
            return
        self._put(active.ended())
        self._note("flow_ended", active.session.flow_id, active.session.current_node_id or "", "expired")

    def _heard(self, live: Standing | None) -> None:
        flow_id = live.session.flow_id if live else ""
        node_id = (live.session.current_node_id or "") if live else ""
        self._note("contact_message", flow_id, node_id, self._arrival.message.spoken())

    def _turn(self, live: Standing | None) -> None:
        if live is not None:
            flow = self._flow(live.session.flow_id, live.session.flow_version)
            if flow is not None:
                self._step(flow, live, self._arrival.message)
            return
        if not self._arrival.start_flow_id:
            return
        flow = self._flow(self._arrival.start_flow_id, 0)
        if flow is None:
            # Named by router but not published (any more): nothing to say, and the log shows it.
            self._note("limit_reached", self._arrival.start_flow_id, "", "flow is not published")
            return
        self._start(flow, self._arrival.message)

    def _start(self, flow: CompiledFlow, event: Event) -> None:
        self._note("flow_started", flow.flow_id, flow.start_id, self._arrival.start_reason)
        standing = self._new_standing(flow)
        self._set_timer(standing)
        self._step(flow, standing, event)

    def _step(self, flow: CompiledFlow, standing: Standing, event: Event) -> None:
        rules = self._rules
        outcome = step(
            flow,
            standing.session if standing.session.current_node_id is not None else None,
            event,
            now=rules.now,
            limits=rules.limits,
            context=self._context(),
            monotonic=rules.monotonic,
        )
        said = sum(1 for command in outcome.commands if isinstance(command, Say))
        heard = 0 if isinstance(event, FlowStarted) else 1
        self._put(
            standing.after_turn(
                outcome.session, contact=self._arrival.contact, messages=said + heard, now=rules.now, ttl=rules.ttl
            )
        )
        self._carry_out(flow, outcome)

    def _carry_out(self, flow: CompiledFlow, outcome: Outcome) -> None:
        for failure in outcome.trace.failures:
            self._note("invalid_answer", flow.flow_id, failure.node_id, failure.code)
        for note in outcome.trace.notes:
            if note.code == "variables_full":
                self._note("limit_reached", flow.flow_id, note.node_id, "variables")
        for command in outcome.commands:
            if isinstance(command, Say):
                self._say(flow, command)
            elif isinstance(command, Ended):
                self._note("flow_ended", flow.flow_id, command.node_id, command.reason)
            elif isinstance(command, LimitReached):
                self._note("limit_reached", flow.flow_id, command.node_id, command.reason)
            else:
                self._jump(flow, command)

    def _jump(self, flow: CompiledFlow, command: JumpToFlow) -> None:
        self._jumps += 1
        leaving = self._current(state_id_of(self._arrival.conversation_id, flow.flow_id))
        if leaving is not None:
            self._put(leaving.ended())
        if self._jumps > MOST_JUMPS:
            self._note("limit_reached", flow.flow_id, command.node_id, "jumps")
            return
        target = self._flow(command.flow, 0)
        if target is None:
            self._note("limit_reached", flow.flow_id, command.node_id, "the flow jumped to is not published")
            return
        self._start(target, FlowStarted(command.variables))

    def _say(self, flow: CompiledFlow, command: Say) -> None:
        arrival = self._arrival
        # The same event says the same things under the same ids, so a repeat is one message for sender.
        message_id = derived_id(arrival.conversation_id, f"{arrival.event_id}#{len(self._effects.said)}")
        self._effects.said.append(Said(message_id, arrival, flow.flow_id, command))
        text = command.text if isinstance(command, SendText) else command.body
        self._note("bot_message", flow.flow_id, command.node_id, text)

    def _note(self, kind: RecordKind, flow_id: str, node_id: str, text: str) -> None:
        records = self._effects.records
        records.append(Record(self._arrival, kind, flow_id, node_id, text, len(records)))

    def _set_timer(self, standing: Standing) -> None:
        self._effects.timers.append(
            Timer(
                standing.organization_id,
                standing.conversation_id,
                SESSION_EXPIRY,
                standing.state_id,
                max(standing.session_expires_at, self._rules.now),
            )
        )

    def _new_standing(self, flow: CompiledFlow) -> Standing:
        arrival, now = self._arrival, self._rules.now
        state_id = state_id_of(arrival.conversation_id, flow.flow_id)
        former = self._current(state_id)
        return Standing(
            organization_id=arrival.organization_id,
            state_id=state_id,
            conversation_id=arrival.conversation_id,
            contact=arrival.contact,
            session=Session(flow.flow_id, flow.version),
            messages_count=0,
            last_message_at=now,
            session_expires_at=now + self._rules.ttl,
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

    def _context(self) -> dict[str, Json]:
        contact = self._arrival.contact
        return {
            "contact": {"name": contact.name, "phone": contact.wa_id, "email": ""},
            "conversation": {"id": written_id(self._arrival.conversation_id)},
        }
