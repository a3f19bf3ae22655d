"""Work off a batch of lanes: load, decide (domain), save. One transaction for the whole batch.

An event that comes for the first time is worked off in the transaction that takes it in (`take`): nothing waits and
nothing is claimed. What is left in the inbox (a conversation that is busy, a turn that failed, an event that may have
ended a process) is claimed by the worker (`work_off`).

A lane whose arrival raises is given back with blame and its neighbours go on. When the transaction itself fails because
of one lane, each lane is tried in a transaction of its own, so that no lane costs another more than one batch (I7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import psycopg

from services.chassis.clock import Monotonic
from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue import Claim, Finish, Item, LeaseLost, Passed, StoredItem
from services.executor.domain.advance import advance
from services.executor.domain.arrival import Arrival
from services.executor.domain.commands import StartEffect
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.effects import Effects, FlowNeeded, Ordered, Record, Rules, Said
from services.executor.domain.identifiers import recurring_id
from services.executor.domain.limits import Limits
from services.executor.domain.standing import Standing
from services.executor.ports import LoadFlow, Passage, Save, Snapshot, StateChanged, States
from services.executor.usecases.library import FlowLibrary

_log = get_logger(__name__)

# Failed this often with an error, or alone in the process without one (it killed it): the item is given up.
MOST_ATTEMPTS = 8
MOST_SOLO = 3
_LONGEST_BACKOFF = 30.0
_PAUSES = (0.02, 0.2)
# The row lock is what keeps others out of a lane that passes.
_NO_LEASE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A claimed lane with its arrivals; `error` says why an item could not be read, and arrivals stop before it."""

    claim: Claim
    arrivals: tuple[Arrival, ...]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """An event as it goes into the inbox, with what it says; a text says why it cannot be read."""

    item: Item
    arrival: Arrival | str


@dataclass(frozen=True, slots=True)
class Encoder:
    """How effects become items of the boxes they go to, and bytes for the log."""

    said: Callable[[Said], Item]
    record: Callable[[Record, int], bytes]
    effect: Callable[[Ordered, StartEffect], Item]
    notice: Callable[[Ordered], Item]


@dataclass(slots=True)
class _LaneResult:
    """What one lane came to: its effects and how it is given back."""

    claim: Claim
    finish: Finish
    effects: list[Effects] = field(default_factory=list)
    standings: dict[UUID, Standing] = field(default_factory=dict)
    buried: StoredItem | None = None


class Turns:
    """The batch's use case."""

    def __init__(
        self,
        *,
        states: States,
        library: FlowLibrary,
        encoder: Encoder,
        limits: Limits,
        ttl: timedelta,
        monotonic: Monotonic,
    ) -> None:
        self._states = states
        self._library = library
        self._encoder = encoder
        self._limits = limits
        self._ttl = ttl
        self._monotonic = monotonic
        self._last_record_us = 0

    async def take(self, submissions: Sequence[Submission]) -> Sequence[bool]:
        """Take events in durably and work off those whose conversations are idle; tells per event whether it is new.

        Raises Unavailable when Postgres is away: then nothing is known, and the caller comes again.
        """
        try:
            return await self._pass(submissions)
        except (psycopg.Error, StateChanged) as error:
            # One lane's trouble: the worker finds it out, alone if need be.
            _log.warning("take_failed", events=len(submissions), error=type(error).__name__)
        return await self.keep(submissions)

    async def keep(self, submissions: Sequence[Submission]) -> Sequence[bool]:
        """Take events in durably, for the worker; tells per event whether it is new. Raises Unavailable."""
        return await self._states.enqueue([submission.item for submission in submissions])

    async def _pass(self, submissions: Sequence[Submission]) -> Sequence[bool]:
        arrivals: dict[tuple[UUID, str], Arrival | str] = {}
        for submission in submissions:
            arrivals.setdefault((submission.item.group_id, submission.item.event_id), submission.arrival)

        async def work(passage: Passage) -> Save:
            lanes = [_decoded(lane, arrivals) for lane in passage.lanes]
            results = [await self._lane(lane, passage.snapshot, passage.load) for lane in lanes]
            behind = [result.finish for result in results if result.finish.delay is not None]
            return self._save_of(results, passage.snapshot, behind)

        flows = _flows_of(arrival for arrival in arrivals.values() if isinstance(arrival, Arrival))
        return await self._states.pass_on([submission.item for submission in submissions], flows, work)

    async def work_off(self, lanes: Sequence[Decoded]) -> bool:
        """Take all arrivals of the lanes through their conversations; tells whether lanes have more to do at once.

        Raises Unavailable when Postgres is away: nothing was stored, and the lanes come back when their leases end.
        """
        try:
            return await self._together(lanes)
        except (psycopg.Error, LeaseLost, StateChanged) as error:
            if len(lanes) == 1:
                await self._give_up_alone(lanes[0], error)
                return False
            _log.warning("batch_split", lanes=len(lanes), error=type(error).__name__)
        for lane in lanes:
            await self.work_off([lane])
        return True

    async def _together(self, lanes: Sequence[Decoded]) -> bool:
        """Load, decide, save; again after a passing fault, which must not cost the lanes a whole lease."""
        for pause in _PAUSES:
            try:
                return await self._once(lanes)
            except Unavailable:
                await asyncio.sleep(pause)
        return await self._once(lanes)

    async def _once(self, lanes: Sequence[Decoded]) -> bool:
        conversations = {(lane.claim.group_id, lane.claim.lane_id) for lane in lanes}
        flows = _flows_of(arrival for lane in lanes for arrival in lane.arrivals)
        snapshot = await self._states.snapshot(sorted(conversations), flows)
        results = [await self._lane(lane, snapshot) for lane in lanes]
        return await self._states.save(self._save_of(results, snapshot, [result.finish for result in results]))

    async def _lane(self, lane: Decoded, snapshot: Snapshot, read: LoadFlow | None = None) -> _LaneResult:
        claim = lane.claim
        if claim.items and _is_hopeless(claim):
            return _buried(claim)
        standings = dict(snapshot.standings.get((claim.group_id, claim.lane_id), {}))
        result = _LaneResult(claim, Finish(claim, claim.until))
        done = claim.head
        for arrival, item in zip(lane.arrivals, claim.items, strict=False):
            try:
                effects = await self._advance(arrival, standings, snapshot, read)
            except Exception as error:
                _log.exception("turn_failed", error=type(error).__name__)
                result.finish = _failed(claim, done, error)
                return result
            standings.update(effects.standings)
            result.standings.update(effects.standings)
            result.effects.append(effects)
            done = item.position
        if lane.error is not None:
            result.finish = _failed(claim, done, ValueError(lane.error))
        return result

    async def _advance(
        self, arrival: Arrival, standings: dict[UUID, Standing], snapshot: Snapshot, read: LoadFlow | None
    ) -> Effects:
        """Take one arrival on, loading the flows it turns out to need."""
        missing: dict[tuple[str, int], CompiledFlow | None] = {}

        def find(organization_id: UUID, flow: str, version: int) -> CompiledFlow | None:
            if (flow, version) in missing:
                return missing[flow, version]
            wanted = version or self._published(organization_id, flow, snapshot)
            compiled = self._library.get(organization_id, flow, wanted) if wanted else None
            if compiled is None:
                raise FlowNeeded(organization_id, flow, version)
            return compiled

        rules = Rules(find, self._limits, self._ttl, snapshot.now, self._monotonic)
        while True:
            try:
                return advance(arrival, standings, rules)
            except FlowNeeded as needed:
                key = (needed.flow, needed.version)
                missing[key] = await self._library.load(needed.organization_id, needed.flow, needed.version, read=read)

    def _published(self, organization_id: UUID, flow: str, snapshot: Snapshot) -> int:
        try:
            published = snapshot.published.get((organization_id, recurring_id(flow)))
        except ValueError:
            return 0
        if published is None:
            return 0
        self._library.learn(organization_id, flow, published.version, published.digest)
        return published.version

    def _save_of(self, results: Sequence[_LaneResult], snapshot: Snapshot, finishes: Sequence[Finish]) -> Save:
        effects = [effect for result in results for effect in result.effects]
        ordered = [order for effect in effects for order in effect.ordered]
        return Save(
            organization_ids=frozenset(result.claim.group_id for result in results),
            standings=[standing for result in results for standing in result.standings.values()],
            outbox=[self._encoder.said(said) for effect in effects for said in effect.said],
            records=self._records(effects, int(snapshot.now.timestamp() * 1_000_000)),
            timers=[timer for effect in effects for timer in effect.timers],
            buried=[(result.claim, result.buried, result.finish.error or "") for result in results if result.buried],
            finishes=finishes,
            effects=[
                self._encoder.effect(order, order.command)
                for order in ordered
                if isinstance(order.command, StartEffect)
            ],
            notices=[self._encoder.notice(order) for order in ordered if not isinstance(order.command, StartEffect)],
        )

    def _records(self, effects: Sequence[Effects], now_us: int) -> list[tuple[UUID, bytes]]:
        """Records with strictly rising times, so that a transcript reads in the order things happened."""
        records = []
        for effect in effects:
            for record in effect.records:
                self._last_record_us = max(now_us, self._last_record_us + 1)
                encoded = self._encoder.record(record, self._last_record_us)
                records.append((record.arrival.organization_id, encoded))
        return records

    async def _give_up_alone(self, lane: Decoded, error: Exception) -> None:
        """A lane whose own transaction failed: blame it, unless somebody else holds it or changed its state."""
        if isinstance(error, LeaseLost):
            return
        finish = _failed(lane.claim, lane.claim.head, error)
        if isinstance(error, StateChanged):
            finish = Finish(lane.claim, lane.claim.head, delay=0.0)
        try:
            await self._states.save(
                Save(frozenset({lane.claim.group_id}), (), (), (), (), (), (finish,)),
            )
        except LeaseLost:
            return


def _flows_of(arrivals: Iterable[Arrival]) -> list[tuple[UUID, UUID]]:
    """The flows that may be started, by organization."""
    return list({(a.organization_id, recurring_id(a.start_flow_id)) for a in arrivals if a.start_flow_id})


def _decoded(lane: Passed, known: Mapping[tuple[UUID, str], Arrival | str]) -> Decoded:
    """A lane that passed, as if it had been claimed for the first time."""
    claim = Claim(lane.group_id, lane.lane_id, _NO_LEASE, lane.head, lane.tail, 1, 0, None, lane.items, lane.tail)
    arrivals: list[Arrival] = []
    for item in lane.items:
        arrival = known[lane.group_id, item.event_id]
        if isinstance(arrival, str):
            return Decoded(claim, tuple(arrivals), arrival)
        arrivals.append(arrival)
    return Decoded(claim, tuple(arrivals))


def _is_hopeless(claim: Claim) -> bool:
    return (claim.attempts > MOST_ATTEMPTS and claim.last_error is not None) or claim.solo > MOST_SOLO


def _buried(claim: Claim) -> _LaneResult:
    item = claim.items[0]
    error = claim.last_error or "the process died each time it worked on this event alone"
    _log.error("event_dead_lettered", event_id=item.event_id, attempts=claim.attempts)
    return _LaneResult(claim, Finish(claim, item.position, error=error), buried=item)


def _failed(claim: Claim, head: int, error: Exception) -> Finish:
    delay = min(_LONGEST_BACKOFF, 0.1 * 2**claim.attempts)
    # A lane that moved on begins to count anew at its next item.
    return Finish(
        claim, head, delay=delay, is_blamed=head == claim.head, error=f"{type(error).__name__}: {error}"[:500]
    )
