"""A relay empties a box into another room: caller-retries-until-acked, callee drops repeats.

Order: a lane has one holder, its items go in order in one batch; at the first item the callee does not take now, the
head stops, and the lane waits. A callee that is down is never the message's fault: lanes wait without blame. Only a
callee's INVALID makes a dead letter (docs/architecture.md).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.chassis import metrics
from services.chassis.db import Connection, Database
from services.chassis.errors import InvalidArgument, PytakeError, Unavailable
from services.chassis.logs import get_logger
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


async def _forget(_: Connection, __: StoredItem, ___: str) -> None:
    """Nothing to keep."""


@dataclass(slots=True)
class _Plan:
    """What one batch comes to."""

    finishes: list[Finish] = field(default_factory=list)
    buried: list[tuple[Claim, StoredItem, str]] = field(default_factory=list)
    unroutable: list[tuple[StoredItem, str]] = field(default_factory=list)


class Relay:
    """A part: claims lanes of one box and hands their items to `deliver`, which gives one result per item.

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
        keep: Keep = _forget,
        limit: int = 128,
        linger: float = 0.0,
    ) -> None:
        self._lanes = lanes
        self._database = database
        self._bell = bell
        self._deliver = deliver
        self._keep = keep
        self._limit = limit
        self._linger = linger
        self._failures = 0
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to claim."""
        self._task = asyncio.create_task(self._loop(), name=f"relay {self._lanes.box.path}")

    async def stop(self) -> None:
        """Finish the batch in hand; claim no more."""
        self._is_stopping = True
        self._bell.ring()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        while not self._is_stopping:
            try:
                # Without more in the same lanes there is nothing to claim until the bell rings or the poll is due.
                if not await self._turn():
                    await self._bell.wait()
                    await asyncio.sleep(self._linger)
            except LeaseLost:
                continue
            except Exception as error:
                # Whatever was claimed comes back when its lease ends.
                _log.warning("relay_failed", box=self._lanes.box.path, error=repr(error))
                await asyncio.sleep(_ERROR_WAIT)

    async def _turn(self) -> bool:
        """Hand over one batch; tells whether there is, or may be, more at once."""
        claims = await self._lanes.claim(limit=self._limit)
        if not claims:
            return False
        has_more = await self._hand_over(claims)
        return has_more or len(claims) == self._limit

    async def _hand_over(self, claims: list[Claim]) -> bool:
        """Hand a batch over and finish it; tells whether any of its lanes has more to do at once."""
        items = [item for claim in claims for item in claim.items]
        metrics.lane_batch_items.labels(self._lanes.box.path).observe(len(items))
        try:
            results = await self._deliver(items) if items else ()
        except InvalidArgument as error:
            return await self._isolate(claims, error)
        except PytakeError as error:
            await self._wait(claims, error)
            return False
        self._failures = 0
        return await self._save(plan_of(claims, results))

    async def _isolate(self, claims: list[Claim], error: InvalidArgument) -> bool:
        """The callee refused a whole batch: find the item by handing over less, down to one."""
        single = len(claims) == 1 and len(claims[0].items) == 1
        if single:
            result = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_INVALID, reason=error.sentence)
            return await self._save(plan_of(claims, [result]))
        for claim in claims:
            first = claim.items[:1]
            shorter = Claim(
                claim.group_id, claim.lane_id, claim.token, claim.head, claim.tail, claim.attempts, claim.solo,
                claim.last_error, first, first[0].position if first else claim.until,
            )  # fmt: skip
            await self._hand_over([shorter])
        return True

    async def _wait(self, claims: list[Claim], error: PytakeError) -> None:
        self._failures += 1
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**self._failures)
        delay = random.uniform(_FIRST_WAIT, longest)  # noqa: S311  # jitter, not a secret
        if self._failures == 1 or self._failures % 20 == 0:
            _log.warning("relay_waits", box=self._lanes.box.path, reason=error.code, failures=self._failures)
        metrics.lane_items_total.labels(self._lanes.box.path, "waited").inc(len(claims))
        await self._lanes.give_back([Finish(c, c.head, delay=delay, error=error.sentence) for c in claims])

    async def _save(self, plan: _Plan) -> bool:
        """Write a plan; a passing fault (a deadlock, a connection that broke) must not cost its lanes a whole lease."""
        for pause in _SAVE_PAUSES:
            try:
                return await self._write(plan)
            except Unavailable:
                await asyncio.sleep(pause)
        return await self._write(plan)

    async def _write(self, plan: _Plan) -> bool:
        organizations = {finish.claim.group_id for finish in plan.finishes}
        # The hand-over is durable at the callee; losing this commit only repeats it.
        is_durable = bool(plan.buried or plan.unroutable)
        async with self._database.transaction(organizations, durable=is_durable) as connection:
            for claim, item, reason in plan.buried:
                await self._lanes.bury(connection, claim, item, reason)
            for item, reason in plan.unroutable:
                await self._keep(connection, item, reason)
            has_more = await self._lanes.finish(connection, plan.finishes)
        finished = sum(len(finish.claim.items) for finish in plan.finishes)
        metrics.lane_items_total.labels(self._lanes.box.path, "finished").inc(finished)
        return has_more


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
        plan.finishes.append(Finish(claim, claim.until if is_open else head, delay=delay, error=reason))
    return plan
