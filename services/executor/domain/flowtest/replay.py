"""A recorded conversation, run again: what was said then against what would be said now.

The contact's side is the record's: messages, results of calls outside, failed deliveries, people's hands, each at its
moment. Timers are the replayed flow's own: they fire by the recorded clock, and what they say belongs to the turn
before them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from services.executor.domain.arrival import Arrival, SendFailed, TimerDue
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.effects import Effects, Said
from services.executor.domain.events import EffectDone, Released, Taken
from services.executor.domain.flowtest.machine import Machine
from services.executor.domain.limits import Limits

# What a message of the bot is compared by; two that are equal were the same to the contact.
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Recorded(Generic[Told]):
    """An event as it came, and what was said to it then."""

    at: datetime
    arrival: Arrival
    said: tuple[Told, ...]


@dataclass(slots=True)
class ReplayedTurn(Generic[Told]):
    """A turn as it was and as it would be. `kind` says what began it, `words` what a contact said, if anything."""

    at: datetime
    kind: str
    words: str
    recorded: list[Told] = field(default_factory=list)
    replayed: list[Told] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether the contact would notice nothing."""
        return self.recorded == self.replayed


class TooLong(Exception):
    """A replay takes more than it may."""


def replay(
    record: Sequence[Recorded[Told]],
    find_flow: Callable[[UUID, str, int], CompiledFlow | None],
    tell: Callable[[Said], Told],
    *,
    limits: Limits,
    ttl: timedelta,
    is_over: Callable[[], bool] = lambda: False,
) -> list[ReplayedTurn[Told]]:
    """Run a record again; `find_flow` gives the flows of now, `is_over` tells that it has taken long enough.

    Raises FlowNeeded as `find_flow` does, TooManyTimers, and TooLong.
    """
    turns: list[ReplayedTurn[Told]] = []
    if not record:
        return turns
    machine = Machine(find_flow, limits, ttl, record[0].at)

    def heard(effects: Effects) -> None:
        if is_over():
            raise TooLong
        # A timer of before the record speaks before any turn: nobody can tell what it belongs to.
        if turns:
            turns[-1].replayed += map(tell, effects.said)

    for one in record:
        for due in machine.firing(one.at):
            heard(machine.take(_signalled(one.arrival, due)))
        if not isinstance(one.arrival.signal, TimerDue):
            turns.append(ReplayedTurn(one.at, _kind(one.arrival), one.arrival.message.spoken()))
            heard(machine.take(_fitted(one.arrival, machine)))
        if turns:
            turns[-1].recorded += one.said
    return turns


def first_difference(turns: Sequence[ReplayedTurn[Told]]) -> int:
    """The place of the first turn that is not the same, counted from 1; 0 when all are."""
    return next((place for place, turn in enumerate(turns, start=1) if not turn.is_same), 0)


def _signalled(arrival: Arrival, due: TimerDue) -> Arrival:
    """A timer's arrival in the conversation of another."""
    event_id = f"timer:{due.kind}:{due.state_id}:{due.due_us}"
    return replace(arrival, event_id=event_id, signal=due, may_run_flow=False, start_flow_id="")


def _fitted(arrival: Arrival, machine: Machine) -> Arrival:
    """The arrival, made to fit what is waited for now: a result answers the call that is out, whatever its id was."""
    signal, active = arrival.signal, machine.active
    if isinstance(signal, EffectDone) and active is not None and active.session.effect_id:
        return replace(arrival, signal=replace(signal, effect_id=active.session.effect_id))
    return arrival


def _kind(arrival: Arrival) -> str:
    signal = arrival.signal
    if isinstance(signal, EffectDone):
        return "effect"
    if isinstance(signal, SendFailed):
        return "failed_delivery"
    if isinstance(signal, Taken):
        return "taken"
    return "released" if isinstance(signal, Released) else "message"
