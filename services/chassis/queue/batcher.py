"""Natural batching: what waits when the last flush ends goes together into the next one, in one transaction.

Under load batches grow by themselves, and a lone entry waits for nobody. Where many come anyhow, `patience` lets the
next flush wait a moment for more of them: a batch costs little more than one entry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Entry = TypeVar("Entry")
Result = TypeVar("Result")
# From so many entries on, others are on their way: waiting for them costs nobody more than it saves everybody.
BUSY = 8

Flush = Callable[[Sequence[Entry]], Awaitable[Sequence[Result]]]


class Batcher(Generic[Entry, Result]):
    """Collects entries of concurrent callers; `flush` gets at most `limit` and gives one result per entry, in order.

    When a flush of several callers' entries fails with `poison`, each caller's entries are flushed alone, so that one
    caller's bad value costs nobody else an answer. `patience` is in seconds, and had after a flush of `busy` entries.
    """

    def __init__(
        self,
        flush: Flush[Entry, Result],
        *,
        limit: int = 256,
        poison: tuple[type[Exception], ...] = (),
        patience: float = 0.0,
        busy: int = BUSY,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._poison = poison
        self._patience = patience
        self._busy = busy
        self._is_busy = busy == 0
        self._waiting: list[tuple[Sequence[Entry], asyncio.Future[Sequence[Result]]]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, entries: Sequence[Entry]) -> Sequence[Result]:
        """Flush `entries` together with others'. Raises what the flush raised."""
        future: asyncio.Future[Sequence[Result]] = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def drain(self) -> None:
        """Wait until nothing is left to flush."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while self._waiting:
            if self._is_busy and self._patience:
                await asyncio.sleep(self._patience)
            batch = self._take()
            self._is_busy = sum(len(entries) for entries, _ in batch) >= self._busy
            try:
                await self._settle(batch)
            except self._poison:
                for single in batch:
                    await self._settle_alone(single)

    def _take(self) -> list[tuple[Sequence[Entry], asyncio.Future[Sequence[Result]]]]:
        count = size = 0
        for entries, _ in self._waiting:
            if count and size + len(entries) > self._limit:
                break
            count += 1
            size += len(entries)
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    async def _settle(self, batch: list[tuple[Sequence[Entry], asyncio.Future[Sequence[Result]]]]) -> None:
        together = [entry for entries, _ in batch for entry in entries]
        try:
            results = await self._flush(together)
        except self._poison as error:
            if len(batch) > 1:
                raise
            _fail(batch, error)
            return
        except Exception as error:
            _fail(batch, error)
            return
        start = 0
        for entries, future in batch:
            if not future.done():
                future.set_result(results[start : start + len(entries)])
            start += len(entries)

    async def _settle_alone(self, single: tuple[Sequence[Entry], asyncio.Future[Sequence[Result]]]) -> None:
        await self._settle([single])


def _fail(batch: list[tuple[Sequence[Entry], asyncio.Future[Sequence[Result]]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
