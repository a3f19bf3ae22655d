"""The store in memory and in Postgres."""

import time
import uuid
from collections.abc import AsyncIterator

import pytest

from services.chassis.db import Database as Pool
from services.chassis.queue import Box, Lanes
from services.chassis.sealing import NameHasher
from services.sender.peers import failure_bytes, record_bytes
from services.sender.store import PostgresMessages, PostgresStore, Telling
from tests.conformance.sender.case import LIMIT, Case
from tests.fakes.sender_store import Clock, FakeStore
from tests.fixtures.servers import Database


@pytest.fixture(params=["memory", "postgres"])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    if request.param == "memory":
        clock = Clock(time.time())
        store = FakeStore(clock, limit=LIMIT)
        yield Case(store, store, uuid.uuid4())
        return
    database: Database = request.getfixturevalue("database")
    pool = await Pool.open(database.url_of("sender"), size=4, name="sender")
    inbox, records, failures = (Lanes(Box("sender", name), pool) for name in ("inbox", "records", "failures"))
    yield Case(
        PostgresStore(
            pool,
            inbox=inbox,
            tell=Telling(records, record_bytes, failures, failure_bytes),
            limit=LIMIT,
            names=NameHasher(bytes(32)),
            on_record=lambda: None,
            on_failure=lambda: None,
        ),
        PostgresMessages(pool),
        uuid.uuid4(),
    )
    await pool.close()
