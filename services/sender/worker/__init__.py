"""The worker: claims lanes, walks each in a task of its own, keeps their leases, gives them back when told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from services.chassis import metrics as house_metrics
from services.chassis.errors import PytakeError
from services.chassis.logs import get_logger
from services.chassis.queue import Batcher, Bell, Claim
from services.sender import metrics
from services.sender.domain.message import Key
from services.sender.domain.settling import Released, Turn
from services.sender.ports import Settlement, Store
from services.sender.worker.departing import Departing
from services.sender.worker.errand import template_in
from services.sender.worker.lane import Walk
from services.sender.worker.surroundings import Surroundings

__all__ = ["Departing", "SenderWorker", "Settler", "Surroundings", "Walk", "template_in"]

_log = get_logger(__name__)

_CLAIM_LIMIT = 128
_ERROR_WAIT = 0.5
# A lane that rests is looked at a little after its time, never before.
_LATER = 0.003
# Where many calls end, writing down what came of them waits so long for more of them.
_PATIENCE = 0.003
_batch_items = house_metrics.lane_batch_items.labels("sender.inbox")


class Settler:
    """The one flusher of a process: turns of all lanes that wait go together into one transaction (lane.Settle)."""

    def __init__(self, store: Store) -> None:
        self._batcher: Batcher[tuple[Claim, Turn], Settlement] = Batcher(store.settle, patience=_PATIENCE)

    async def __call__(self, claim: Claim, turn: Turn) -> Settlement:
        """The settlement of one turn. Raises errors.Unavailable."""
        (settlement,) = await self._batcher.submit([(claim, turn)])
        return settlement


class SenderWorker:
    """A part. `lanes` bounds the conversations worked for at a time."""

    def __init__(
        self, store: Store, bell: Bell, around: Surroundings, *, lanes: int, lease_seconds: float, drain_seconds: float
    ) -> None:
        self._store = store
        self._bell = bell
        self.around = replace(around, is_stopping=lambda: self._is_stopping)
        self._lanes = lanes
        self._lease_seconds = lease_seconds
        self._drain_seconds = drain_seconds
        self._walks: dict[asyncio.Task[None], Walk] = {}
        self._by_lane: dict[Key, Walk] = {}
        self._expected = 0
        self._is_behind = False
        self._is_stopping = False
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to claim."""
        self._loops = [
            asyncio.create_task(self._claim_forever(), name="sender claims"),
            asyncio.create_task(self._renew_forever(), name="sender leases"),
        ]

    async def stop(self) -> None:
        """Claim no more; let calls under way end, write what came of them, give the lanes back."""
        self._is_stopping = True
        self._bell.ring()
        claiming, renewing = self._loops
        await asyncio.gather(claiming, return_exceptions=True)
        if self._walks:
            await asyncio.wait(self._walks, timeout=self._drain_seconds)
        left = list(self._walks)
        for task in [*left, renewing]:
            task.cancel()
        await asyncio.gather(*left, renewing, return_exceptions=True)

    @contextmanager
    def room_for(self, lanes: int) -> Iterator[bool]:
        """Whether so many more walks may set out; until the end of the context they count as if they had.

        Who came before goes before: while lanes wait to be claimed, new messages line up behind them (invariant I8).
        """
        if self._is_stopping or self._is_behind or lanes > self._room:
            yield False
            return
        with self._expecting(lanes):
            yield True

    def is_under_way(self, lane: Key) -> bool:
        """Whether this process walks the lane."""
        return lane in self._by_lane

    def was_left(self) -> None:
        """Something was stored that nobody holds."""
        self._is_behind = True
        self._bell.ring()

    @property
    def _room(self) -> int:
        return self._lanes - len(self._walks) - self._expected

    @contextmanager
    def _expecting(self, lanes: int) -> Iterator[None]:
        self._expected += lanes
        try:
            yield
        finally:
            self._expected -= lanes

    async def _claim_forever(self) -> None:
        while not self._is_stopping:
            room = max(min(_CLAIM_LIMIT, self._room), 0)
            with self._expecting(room):
                claims = await self._claim(room) if room > 0 else []
                for claim in claims:
                    self.set_out(Walk(claim, self.around, claim.head))
            self._is_behind = len(claims) >= room
            if not claims or len(claims) < room:
                await self._bell.wait()

    async def _claim(self, room: int) -> list[Claim]:
        try:
            claims = await self._store.claim(limit=room)
        except Exception as error:
            if not isinstance(error, PytakeError):
                _log.exception("claim_failed")
            await asyncio.sleep(_ERROR_WAIT)
            return []
        if claims:
            _batch_items.observe(sum(len(claim.items) for claim in claims))
        return claims

    def set_out(self, walk: Walk) -> None:
        """Walk a lane in a task of its own."""
        task = asyncio.create_task(self._walk(walk))
        self._walks[task] = walk
        self._by_lane[walk.lane] = walk
        task.add_done_callback(self._came_back)
        metrics.lanes_in_flight.set(len(self._walks))

    def _came_back(self, task: asyncio.Task[None]) -> None:
        was_full = self._room <= 0
        walk = self._walks.pop(task)
        lane = walk.lane
        if self._by_lane.get(lane) is walk:
            del self._by_lane[lane]
        metrics.lanes_in_flight.set(len(self._walks))
        if was_full:
            self._bell.ring()

    async def _walk(self, walk: Walk) -> None:
        try:
            settlement = await walk.run()
        except Exception:
            # The lane comes back when its lease ends; what was called for is then in doubt, never forgotten.
            _log.exception("lane_failed")
            return
        if settlement.has_more:
            self._bell.ring()
        elif isinstance(settlement.verdict, Released) and settlement.verdict.wait:
            asyncio.get_running_loop().call_later(settlement.verdict.wait + _LATER, self._bell.ring)

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            await self._renew(list(self._walks.values()))

    async def _renew(self, walks: Sequence[Walk]) -> None:
        try:
            held = await self._store.renew([walk.claim for walk in walks])
        except PytakeError:
            # Postgres is away: whether leases hold is found out when turns are settled.
            return
        for walk in walks:
            if (walk.claim.group_id, walk.claim.lane_id) not in held:
                walk.is_lost = True
