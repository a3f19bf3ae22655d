"""A relay empties a box into another room: caller-retries-until-acked, callee drops repeats.

Most of what it hands over was put in by this very process, which holds the lanes already ("insert and hold"): it goes
from memory to the callee, and many lanes are finished with one statement. What was left behind (a crash, another
process, a backlog, a wait) is claimed by query.

Order: a lane has one holder, its items go in order in one batch; at the first item the callee does not take now, the
head stops, and the lane waits. A callee that is down is never the message's fault: lanes wait without blame. Only a
callee's INVALID makes a dead letter (docs/architecture.md). What is ERASED is forgotten, content and all.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from services.chassis import metrics
from services.chassis.clock import monotonic
from services.chassis.db import Connection, Database
from services.chassis.errors import InvalidArgument, PytakeError, Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue.batcher import BUSY, Batcher
from services.chassis.queue.bell import Bell
from services.chassis.queue.box import Claim, Finish, LeaseLost, StoredItem
from services.chassis.queue.lanes import Lanes
from services.pb.common.v1 import results_pb2

_log = get_logger(__name__)

Deliver = Callable[[Sequence[StoredItem]], Awaitable[Sequence[results_pb2.ItemResult]]]
Keep = Callable[[Connection, StoredItem, str], Awaitable[None]]

_FIRST_WAIT = 0.1
_LONGEST_WAIT = 3.0
_ERROR_WAIT = 0.5
_SAVE_PAUSES = (0.02, 0.2)
# Where many lanes come, the next batch waits so long for more of them; where few come, for nobody.
_PATIENCE = 0.004
# Nobody waits for a lane's end but the same person's next message.
_FINISH_PATIENCE = 0.025
# What is held in memory stands before the fair claim: no more of it than a few batches (invariant I8).
_BATCHES_HELD = 2
# What one call carries: half of what a callee takes, for a router writes more about a message than came in.
MOST_BATCH_BYTES = 2 * 1024 * 1024
# Lanes whose hold is older than this are given back: a call begun now could outlast the lease.
_SHARE_OF_LEASE = 0.25


async def _forget(_: Connection, __: StoredItem, ___: str) -> None:
    """Nothing to keep."""


@dataclass(slots=True)
class _Plan:
    """What one batch comes to."""

    finishes: list[Finish] = field(default_factory=list)
    buried: list[tuple[Claim, StoredItem, str]] = field(default_factory=list)
    unroutable: list[tuple[StoredItem, str]] = field(default_factory=list)
    erased: list[tuple[Claim, StoredItem]] = field(default_factory=list)


class Relay:
    """A part: hands the items of one box to `deliver`, which gives one result per item.

    `deliver_again` takes those that may have been handed over before (a holder died or was left without an answer).
    `keep` is called in the finishing transaction for items the callee found unroutable. `linger` is how many seconds a
    rung bell waits for company: 0 where somebody waits for the item, more where only the log does.
    """

    def __init__(
        self,
        lanes: Lanes,
        database: Database,
        bell: Bell,
        deliver: Deliver,
        *,
        deliver_again: Deliver | None = None,
        keep: Keep = _forget,
        limit: int = 128,
        linger: float = 0.0,
    ) -> None:
        self._lanes = lanes
        self._database = database
        self._bell = bell
        self._deliver = deliver
        self._deliver_again = deliver_again or deliver
        self._keep = keep
        self._limit = limit
        self._linger = linger
        self._failures = 0
        self._is_stopping = False
        self._is_worth_a_claim = True
        self._is_busy = False
        self._held: deque[tuple[Claim, float]] = deque()
        self._finisher: Batcher[Finish, bool] = Batcher(
            self._finish, limit=limit * _BATCHES_HELD, patience=_FINISH_PATIENCE, busy=0
        )
        self._finishing: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        lanes.attach(self)

    @property
    def may_hold(self) -> bool:
        """See Outlet. What waits for company anyhow is cheaper claimed together."""
        is_running = self._task is not None and not self._is_stopping
        return is_running and not self._linger and len(self._held) < self._limit * _BATCHES_HELD

    def take(self, claims: Sequence[Claim], *, is_all: bool) -> None:
        """See Outlet: they are handed over soon."""
        if not is_all:
            self._bell.ring()
        if self._is_stopping:
            self._lay_down(claims)
            return
        held_at = monotonic()
        self._held.extend((claim, held_at) for claim in claims)
        self._bell.nudge()

    async def start(self) -> None:
        """Begin to claim."""
        self._task = asyncio.create_task(self._loop(), name=f"relay {self._lanes.box.path}")

    async def stop(self) -> None:
        """Finish the batch in hand; claim no more, and give back what is held."""
        self._is_stopping = True
        self._bell.ring()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._lay_down([claim for claim, _ in self._held])
        self._held.clear()
        while self._finishing:
            await asyncio.wait(self._finishing)

    async def _loop(self) -> None:
        while not self._is_stopping:
            try:
                self._is_worth_a_claim |= self._bell.was_rung()
                if not self._held and not self._is_worth_a_claim:
                    await self._bell.wait()
                    if self._linger:
                        await asyncio.sleep(self._linger)
                    continue
                await self._turn()
            except Exception as error:
                # Whatever was claimed comes back when its lease ends.
                _log.warning("relay_failed", box=self._lanes.box.path, error=error)
                await asyncio.sleep(_ERROR_WAIT)

    async def _turn(self) -> None:
        """Hand over what is held, then, if something may wait in the box, a batch of that: neither starves."""
        if self._held:
            if self._is_busy:
                await asyncio.sleep(_PATIENCE)
            held = self._take_held()
            self._is_busy = len(held) >= BUSY
            await self._hand_over(held)
        if self._is_worth_a_claim:
            self._is_worth_a_claim = False
            claims = await self._lanes.claim(limit=self._limit)
            self._is_worth_a_claim = self._is_worth_a_claim or len(claims) == self._limit
            await self._hand_over([claim for claim in claims if not _was_tried(claim)])
            await self._hand_over([claim for claim in claims if _was_tried(claim)], again=True)

    def _take_held(self) -> list[Claim]:
        oldest = monotonic() - self._lanes.lease_seconds * _SHARE_OF_LEASE
        taken: list[Claim] = []
        stale: list[Claim] = []
        while self._held and len(taken) < self._limit:
            claim, held_at = self._held.popleft()
            (stale if held_at < oldest else taken).append(claim)
        self._lay_down(stale)
        return taken

    def _lay_down(self, claims: Sequence[Claim]) -> None:
        """Give held lanes back untouched; whoever is free claims them at once."""
        self._finish_later([Finish(claim, claim.head, delay=0.0) for claim in claims])
        if claims:
            self._bell.ring()

    async def _hand_over(self, claims: list[Claim], *, again: bool = False) -> None:
        """Hand a batch over, in parts if it is large; its lanes are finished while the next one is on its way."""
        for part in within_bytes(claims, MOST_BATCH_BYTES):
            await self._hand_over_part(part, again=again)

    async def _hand_over_part(self, claims: list[Claim], *, again: bool) -> None:
        items = [item for claim in claims for item in claim.items]
        metrics.lane_batch_items.labels(self._lanes.box.path).observe(len(items))
        try:
            results = await (self._deliver_again if again else self._deliver)(items) if items else ()
        except InvalidArgument as error:
            await self._isolate(claims, error)
            return
        except PytakeError as error:
            await self._wait(claims, error)
            return
        self._failures = 0
        await self._save(plan_of(claims, results))

    async def _isolate(self, claims: list[Claim], error: InvalidArgument) -> None:
        """The callee refused a whole batch: find the item by handing over less, down to one."""
        if len(claims) == 1 and len(claims[0].items) == 1:
            result = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_INVALID, reason=error.sentence)
            await self._save(plan_of(claims, [result]))
            return
        for claim in claims:
            first = claim.items[:1]
            until = first[0].position if first else claim.until
            await self._hand_over([replace(claim, items=first, until=until)], again=True)

    async def _wait(self, claims: list[Claim], error: PytakeError) -> None:
        self._failures += 1
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**self._failures)
        delay = random.uniform(_FIRST_WAIT, longest)  # noqa: S311  # jitter, not a secret
        if self._failures == 1 or self._failures % 20 == 0:
            _log.warning("relay_waits", box=self._lanes.box.path, reason=error.code, failures=self._failures)
        metrics.lane_items_total.labels(self._lanes.box.path, "waited").inc(len(claims))
        # What is held behind them waits too: it would only meet the same fault, one batch after the other.
        held = [claim for claim, _ in self._held]
        self._held.clear()
        waits = [Finish(claim, claim.head, delay=delay, error=error.sentence) for claim in claims]
        await self._lanes.give_back([*waits, *(Finish(claim, claim.head, delay=delay) for claim in held)])

    async def _save(self, plan: _Plan) -> None:
        finished = sum(len(finish.claim.items) for finish in plan.finishes)
        metrics.lane_items_total.labels(self._lanes.box.path, "finished").inc(finished)
        if not plan.buried and not plan.unroutable and not plan.erased:
            self._finish_later(plan.finishes)
            return
        # A passing fault (a deadlock, a connection that broke) must not cost the lanes a whole lease.
        for pause in _SAVE_PAUSES:
            try:
                await self._write(plan)
            except Unavailable:
                await asyncio.sleep(pause)
            else:
                return
        await self._write(plan)

    async def _write(self, plan: _Plan) -> None:
        organizations = {finish.claim.group_id for finish in plan.finishes}
        try:
            async with self._database.transaction(organizations) as connection:
                for claim, item, reason in plan.buried:
                    await self._lanes.bury(connection, claim, item, reason)
                for item, reason in plan.unroutable:
                    await self._keep(connection, item, reason)
                await self._lanes.forget(connection, plan.erased)
                if await self._lanes.finish(connection, plan.finishes):
                    self._bell.ring()
        except LeaseLost:
            # Somebody else holds one of them by now. The others come back when their leases end; repeats are harmless.
            return

    def _finish_later(self, finishes: Sequence[Finish]) -> None:
        if finishes:
            task = asyncio.create_task(self._submit(finishes))
            self._finishing.add(task)
            task.add_done_callback(self._finishing.discard)

    async def _submit(self, finishes: Sequence[Finish]) -> None:
        for pause in (*_SAVE_PAUSES, None):
            try:
                has_more = await self._finisher.submit(finishes)
            except Exception as error:
                if pause is not None:
                    await asyncio.sleep(pause)
                    continue
                # The lanes come back when their leases end, and the callee drops what it has.
                _log.warning("relay_finish_failed", box=self._lanes.box.path, error=error)
                return
            if any(has_more):
                self._bell.ring()
            return

    async def _finish(self, finishes: Sequence[Finish]) -> Sequence[bool]:
        # The hand-over is durable at the callee; losing this commit only repeats it.
        return [await self._lanes.give_back(finishes)] * len(finishes)


def within_bytes(claims: Sequence[Claim], most: int) -> Iterator[list[Claim]]:
    """The claims in order, in parts of at most `most` bytes; a claim that is larger alone gives its first items only.

    What it gives not stays in its lane, and is claimed again at once. One item is never too large to be tried.
    """
    part: list[Claim] = []
    size = 0
    for claim in claims:
        fitted, bytes_of_claim = _first_of(claim, most)
        if part and size + bytes_of_claim > most:
            yield part
            part, size = [], 0
        part.append(fitted)
        size += bytes_of_claim
    if part:
        yield part


def _first_of(claim: Claim, most: int) -> tuple[Claim, int]:
    size = sum([len(item.payload) for item in claim.items])
    if size <= most or len(claim.items) == 1:
        return claim, size
    size = count = 0
    for item in claim.items:
        if count and size + len(item.payload) > most:
            break
        size += len(item.payload)
        count += 1
    return replace(claim, items=claim.items[:count], until=claim.items[count - 1].position), size


def _was_tried(claim: Claim) -> bool:
    return claim.attempts > 1 or claim.last_error is not None


def plan_of(claims: Sequence[Claim], results: Sequence[results_pb2.ItemResult]) -> _Plan:
    """Turn results (one per item, in order of claims) into finishes. A RETRY stops its lane there."""
    plan = _Plan()
    rest = iter(results)
    for claim in claims:
        head, delay, reason, is_open = claim.head, None, None, True
        for item in claim.items:
            result = next(rest)
            if not is_open:
                continue
            if result.outcome == results_pb2.ITEM_OUTCOME_RETRY:
                is_open, delay, reason = False, max(result.retry_after_ms, 50) / 1000, result.reason or None
                continue
            head = item.position
            if result.outcome == results_pb2.ITEM_OUTCOME_INVALID:
                plan.buried.append((claim, item, result.reason))
            elif result.outcome == results_pb2.ITEM_OUTCOME_UNROUTABLE:
                plan.unroutable.append((item, result.reason))
            elif result.outcome == results_pb2.ITEM_OUTCOME_ERASED:
                plan.erased.append((claim, item))
        plan.finishes.append(Finish(claim, claim.until if is_open else head, delay=delay, error=reason))
    return plan
