"""CPU time of analytics' Ingest, from the request's bytes to the answer's, by the size of the batch.

Run alone with `python -m tests.benchmarks.parts.analytics_ingest`. Figures are microseconds of CPU per record: this
process's own, and that of all Postgres processes.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, cast
from uuid import UUID, uuid5

import uvloop

from services.analytics.server import RecordingServer
from services.analytics.store import PostgresStore
from services.analytics.usecases import Recording
from services.chassis.clock import now
from services.chassis.db import Database
from services.chassis.migrate import migrate
from services.chassis.queue import Batcher
from services.embedded.databases import create_database, role_passwords
from services.embedded.keys import load_or_create_secrets
from services.embedded.postgres import EmbeddedPostgres
from services.embedded.supervisor import Supervisor
from services.pb.analytics.v1 import analytics_pb2
from tests.benchmarks.cpu import process_table

SIZES = (10, 50, 100, 200, 500, 1000)
ROUNDS = 5
RECORDS_IN_ROUND = 2_000
ORGANIZATIONS = 20
CONVERSATIONS = 2_000

_NAMESPACE = UUID("5d0f3f1e-2a5b-4c9f-8f53-7a4c8f6f0d11")
_NOBODY = cast(Any, None)


def measure(rounds: int = ROUNDS, sizes: Sequence[int] = SIZES) -> dict[str, float]:
    """Return CPU microseconds per record by size of batch, own and Postgres', the medians of the rounds."""
    # uvloop starts no process as another user, which Postgres needs when we are root; the room itself runs on uvloop.
    with asyncio.Runner() as house, tempfile.TemporaryDirectory(prefix="pytake-bench-") as folder:
        Path(folder).chmod(0o711)  # the user Postgres runs as for root must pass through
        supervisor = Supervisor(say=print)
        try:
            url, _, postmaster = house.run(start_postgres(Path(folder), supervisor))
            return uvloop.run(_measure(url, postmaster, rounds, sizes))
        finally:
            house.run(supervisor.stop("postgres"))


async def _measure(url: str, postmaster: int, rounds: int, sizes: Sequence[int]) -> dict[str, float]:
    figures: dict[str, list[float]] = {}
    records = _records()
    database = await Database.open(url, size=2, name="benchmark")
    server = RecordingServer(Batcher(Recording(PostgresStore(database), now).record, limit=max(sizes)))
    await _ingest(server, [analytics_pb2.IngestRequest(records=_beginnings()).SerializeToString()])
    await _ingest(server, _requests(records, 100))
    for _ in range(rounds):
        for size in sizes:
            requests = _requests(records, size)
            theirs, own = _postgres_nanoseconds(postmaster), time.process_time_ns()
            await _ingest(server, requests)
            spent = {
                f"own_{size}": time.process_time_ns() - own,
                f"postgres_{size}": _postgres_nanoseconds(postmaster) - theirs,
            }
            for name, nanoseconds in spent.items():
                figures.setdefault(name, []).append(nanoseconds / (len(requests) * size) / 1000)
    await database.close()
    return {name: round(median(found), 2) for name, found in figures.items()}


async def _ingest(server: RecordingServer, requests: Sequence[bytes]) -> None:
    for request in requests:
        response = await server.Ingest(analytics_pb2.IngestRequest.FromString(request), _NOBODY)
        response.SerializeToString()


def _requests(records: Iterator[analytics_pb2.Record], size: int) -> list[bytes]:
    """A round's records in requests of this size: the callers' work, done before it is measured."""
    return [
        analytics_pb2.IngestRequest(records=itertools.islice(records, size)).SerializeToString()
        for _ in range(RECORDS_IN_ROUND // size)
    ]


def _records() -> Iterator[analytics_pb2.Record]:
    """What executor and sender record of messages: both sides' texts and three steps of the delivery."""
    started_us = time.time_ns() // 1000
    patterns = [_pattern(number) for number in range(CONVERSATIONS)]
    for number in itertools.count():
        for place, pattern in enumerate(patterns[number % CONVERSATIONS]):
            record = analytics_pb2.Record()
            record.CopyFrom(pattern)
            record.occurred_at_us = started_us + number * 10 + place
            record.record_id = f"{pattern.record_id}{number:0>12}#{place}"
            yield record


def _beginnings() -> list[analytics_pb2.Record]:
    """Every conversation goes on: what is measured is said in it."""
    return [
        analytics_pb2.Record(
            organization_id=pattern.organization_id,
            conversation_id=pattern.conversation_id,
            flow_id=pattern.flow_id,
            phone_number=pattern.phone_number,
            kind=analytics_pb2.RECORD_KIND_FLOW_STARTED,
            text="number",
            record_id=f"begin {number}",
            occurred_at_us=time.time_ns() // 1000,
        )
        for number, (pattern, *_) in enumerate(map(_pattern, range(CONVERSATIONS)))
    ]


def _pattern(number: int) -> list[analytics_pb2.Record]:
    organization_id = uuid5(_NAMESPACE, f"organization {number % ORGANIZATIONS}")
    place: dict[str, Any] = {
        "organization_id": str(organization_id),
        "conversation_id": str(uuid5(organization_id, f"conversation {number}")),
        "flow_id": str(uuid5(organization_id, "flow")),
        "phone_number": f"55119{number:0>8}",
    }
    said = {
        analytics_pb2.RECORD_KIND_CONTACT_MESSAGE: "Quero revisar a bicicleta na quinta",
        analytics_pb2.RECORD_KIND_BOT_MESSAGE: "Certo, Ana: 2 bicicletas. Para que dia fica a revisão?",
    }
    texts = [
        analytics_pb2.Record(
            **place, kind=kind, text=text, node_id="ask_bicycles", record_id="wamid.HBgNNTUxMTk4NzY1NDMyMRUCABIYFjNF"
        )
        for kind, text in said.items()
    ]
    steps = [
        analytics_pb2.Record(
            **place,
            kind=analytics_pb2.RECORD_KIND_DELIVERY,
            status=status,
            node_id="ask_bicycles",
            record_id=f"delivery:{uuid5(organization_id, str(number))}:{status}",
            sequence=rank,
        )
        for rank, status in enumerate(("accepted", "sent", "delivered"))
    ]
    return texts + steps


async def start_postgres(folder: Path, supervisor: Supervisor) -> tuple[str, str, int]:
    """Start a migrated Postgres set up as the house's; the room's URL, the superuser's, the postmaster's process id."""
    passwords = role_passwords(load_or_create_secrets(folder / "secrets"))
    postgres = EmbeddedPostgres(
        folder / "postgres", log_folder=folder / "log", password=secrets.token_hex(16), preferred_port=None
    )
    await postgres.prepare(print)
    await supervisor.start(postgres.command())
    await postgres.wait_until_ready()
    await create_database(postgres.maintenance_url)
    await asyncio.to_thread(migrate, postgres.url, passwords)
    pid = supervisor.pid("postgres")
    assert pid is not None
    return postgres.url_for("svc_analytics", passwords["svc_analytics"]), postgres.url, pid


def _postgres_nanoseconds(postmaster: int) -> int:
    """CPU of the postmaster and its processes so far (proc_pid_schedstat: nanoseconds on the CPU)."""
    pids = [pid for pid, process in process_table().items() if postmaster in (pid, process.parent)]
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids)


if __name__ == "__main__":
    for part, microseconds in measure().items():
        print(f"{part:14} {microseconds:8.2f} µs")
