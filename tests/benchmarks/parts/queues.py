"""Part 4: a job through a queue in Postgres: put in, taken, done; one at a time per conversation.

PyTake's lanes are used as the services use them, a batch at a time; procrastinate as its documents say: deferred one
by one or in batches, worked by one worker with 16 jobs at a time, a lock per conversation.
"""

import logging
from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import procrastinate
from procrastinate.tasks import Task

from services.chassis.db import Database
from services.chassis.queue import Finish, Item, Lanes
from services.executor.store.boxes import INBOX
from tests.benchmarks.errors import Void
from tests.benchmarks.parts.contest import Contestant, cpu_of, own_cpu, together
from tests.benchmarks.parts.ground import Ground

PART = "a queued job"
BATCHES = (1, 16, 64)
ONE_BY_ONE, IN_BATCHES = "procrastinate, deferred one by one", "procrastinate, deferred in batches of 64"
CONVERSATIONS = 500
CONCURRENCY = 16
PAYLOAD = b"x" * 300
SETTLE_SECONDS = 0.3


def lanes_name(batch: int) -> str:
    """Return the contestant's name."""
    return f"lanes, batches of {batch}"


class Queues:
    """Both queues, opened; `close` closes them."""

    def __init__(self, ground: Ground, database: Database, app: procrastinate.App, work: Task[Any, Any, Any]) -> None:
        self._ground = ground
        self._database = database
        self._app = app
        self._work = work
        self._lanes = Lanes(INBOX, database)
        self._organization_id = uuid4()
        self._conversations = [uuid4() for _ in range(CONVERSATIONS)]
        self._numbers = count(1)
        self.done = 0

    async def close(self) -> None:
        await self._app.close_async()
        await self._database.close()

    def contestants(self, items: int) -> list[Contestant]:
        """Return lanes with each size of batch, and procrastinate deferred in both ways."""
        found = [self._contestant(lanes_name(batch), items, batch=batch) for batch in BATCHES]
        found.append(self._contestant(ONE_BY_ONE, items // 2, defer_by=1))
        found.append(self._contestant(IN_BATCHES, items // 2, defer_by=64))
        return found

    def _contestant(self, name: str, items: int, *, batch: int = 0, defer_by: int = 0) -> Contestant:
        async def run(wanted: int) -> None:
            if batch:
                await self._run_lanes(wanted, batch)
            else:
                await self._run_procrastinate(wanted, defer_by)

        meter = together(own_cpu, cpu_of({"Postgres": self._ground.postgres_pid}))
        return Contestant(name=name, items=items, run=run, meter=meter, settle_seconds=SETTLE_SECONDS)

    async def _run_lanes(self, wanted: int, batch: int) -> None:
        finished = 0
        for first in range(0, wanted, batch):
            size = min(batch, wanted - first)
            finished += await pass_batch(self._database, self._lanes, self._organization_id, self._items(size))
        if finished != wanted:
            raise Void(f"{finished} of {wanted} items came out of the lanes")

    def _items(self, size: int) -> list[Item]:
        """The next items, each of another conversation."""
        numbers = [next(self._numbers) for _ in range(size)]
        return [
            Item(self._organization_id, self._conversations[number % CONVERSATIONS], f"event {number}", PAYLOAD)
            for number in numbers
        ]

    async def _run_procrastinate(self, wanted: int, defer_by: int) -> None:
        before = self.done
        for first in range(0, wanted, defer_by):
            size = min(defer_by, wanted - first)
            deferrers = [self._work.configure(lock=str(next(self._numbers) % CONVERSATIONS)) for _ in range(size)]
            if defer_by == 1:
                await deferrers[0].defer_async(payload=PAYLOAD.decode())
            else:
                jobs = [deferrer.make_new_job(payload=PAYLOAD.decode()) for deferrer in deferrers]
                await self._app.job_manager.batch_defer_jobs_async(jobs)
        await self._app.run_worker_async(
            wait=False, concurrency=CONCURRENCY, install_signal_handlers=False, listen_notify=False
        )
        if self.done - before != wanted:
            raise Void(f"{self.done - before} of {wanted} jobs were done by procrastinate")


async def pass_batch(database: Database, lanes: Lanes, organization_id: UUID, items: Sequence[Item]) -> int:
    """Put a batch in, take it, finish it; gives how many items came out. This is the adapter to the lanes."""
    async with database.transaction([organization_id]) as connection:
        await lanes.enqueue(connection, items)
    claims = await lanes.claim(limit=128)
    async with database.transaction([organization_id]) as connection:
        await lanes.finish(connection, [Finish(claim, claim.until) for claim in claims])
    return sum(len(claim.items) for claim in claims)


async def open_queues(ground: Ground) -> Queues:
    """Open both on the same Postgres: lanes in the migrated database as executor's own role."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    url = await ground.make_database("procrastinate")
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=CONCURRENCY))

    @app.task(name="work", queue="parts")
    async def work(payload: str) -> None:
        queues.done += 1

    await app.open_async()
    await app.schema_manager.apply_schema_async()
    database = await Database.open(ground.url_of("executor"), size=6, name="parts")
    queues = Queues(ground, database, app, work)
    return queues
