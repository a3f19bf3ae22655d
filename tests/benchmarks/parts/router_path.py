"""CPU time of router's RouteMessages and RouteStatuses, from the request's bytes to the answer's, by size of the batch.

Run alone with `python -m tests.benchmarks.parts.router_path`. Figures are microseconds of CPU per message: this
process's own, and that of all Postgres processes. Executor and sender are stand-ins that take everything at once.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, cast
from uuid import uuid4

import psycopg
import uvloop

from services.chassis.audit import AuditLog
from services.chassis.db import Database
from services.chassis.migrate import migrate
from services.chassis.sealing import NameHasher
from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.router.v1 import router_pb2
from services.pb.sender.v1 import sender_pb2
from services.router.app import Surroundings, servicers
from services.router.domain.organization import Number
from services.router.peers import GrpcExecutor, GrpcHands, GrpcSender
from services.router.server import RoutingServer
from services.router.store import (
    PostgresAudiences,
    PostgresConversations,
    PostgresDirectory,
    PostgresEntries,
    PostgresInbox,
    PostgresOrders,
    PostgresPeople,
    PostgresPrivacy,
    PostgresQueues,
    PostgresRouting,
)
from services.router.usecases import WatchConversations
from tests.benchmarks.cpu import process_table
from tests.benchmarks.errors import Void
from tests.fixtures.servers import copied_database, join_run, make_template, start_servers

SIZES = (1, 16, 64)
ROUNDS = 7
BATCHES_IN_ROUND = {1: 400, 16: 60, 64: 20}
PEOPLE = 2_000

_NUMBER = "100200300400"
_NOBODY = cast(Any, None)
_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)


class TakingPeer:
    """A room that answers OK for every item; its own work is left out, what the wire costs router is not."""

    def stub(self, factory: Any) -> Any:
        return self

    Submit = ApplyStatuses = None

    async def call(self, method: Any, request: Any, *, seconds: float) -> Any:
        request.SerializeToString()
        if isinstance(request, executor_pb2.SubmitRequest):
            return executor_pb2.SubmitResponse(results=[_OK] * len(request.events))
        return sender_pb2.ApplyStatusesResponse(results=[_OK] * len(request.statuses))


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Return CPU microseconds per message by kind and size of batch, own and Postgres': the medians of the rounds."""
    membership = join_run()
    try:
        servers = start_servers()
        make_template(servers, migrate)
        with copied_database(servers) as database:
            return uvloop.run(_measure(database.superuser_url, database.url_of("router"), rounds))
    finally:
        membership.close()


async def _measure(superuser_url: str, url: str, rounds: int) -> dict[str, float]:
    database = await Database.open(url, size=2, name="benchmark")
    routing = await _router(database)
    postmaster = _postmaster(superuser_url)
    people = itertools.cycle([_person(number) for number in range(PEOPLE)])
    strangers = (_person(number) for number in itertools.count(PEOPLE))
    route = (routing.RouteMessages, router_pb2.RouteMessagesRequest)
    apply = (routing.RouteStatuses, router_pb2.RouteStatusesRequest)
    await _send(*route, [_messages(people, 50) for _ in range(PEOPLE // 50)])
    figures: dict[str, list[float]] = {}
    for _ in range(rounds):
        for size in SIZES:
            count = BATCHES_IN_ROUND[size]
            for kind, way, requests in (
                ("known", route, [_messages(people, size) for _ in range(count)]),
                ("new", route, [_messages(strangers, size) for _ in range(max(count // 4, 4))]),
                ("status", apply, [_statuses(size) for _ in range(count)]),
            ):
                theirs, own = _nanoseconds(postmaster), time.process_time_ns()
                await _send(*way, requests)
                spent = {"own": time.process_time_ns() - own, "postgres": _nanoseconds(postmaster) - theirs}
                for whose, nanoseconds in spent.items():
                    microseconds = nanoseconds / (len(requests) * size) / 1000
                    figures.setdefault(f"{kind}_{size}_{whose}", []).append(microseconds)
    await database.close()
    return {name: round(median(found), 1) for name, found in figures.items()}


async def _router(database: Database) -> RoutingServer:
    """Router's first service, with one organization and one number."""
    audit = AuditLog("router", database)
    directory, inbox = PostgresDirectory(database, audit), PostgresInbox(database, audit)
    organization_id, _ = await directory.put_organization(
        organization_id=uuid4(), name="Oficina", fallback_flow_id=None, time_zone="America/Recife", replace=False
    )
    number = Number(_NUMBER, "+55 81 3000-0000", None, uuid4(), "", True)
    await directory.put_number(organization_id=organization_id, number=number)
    names = NameHasher(bytes(32))
    surroundings = Surroundings(
        routing=PostgresRouting(database, names),
        directory=directory,
        conversations=PostgresConversations(database, audit),
        audiences=PostgresAudiences(database),
        privacy=PostgresPrivacy(database, names, audit),
        orders=PostgresOrders(database),
        people=PostgresPeople(database, names, audit),
        inbox=inbox,
        watching=WatchConversations(inbox, most=0, look_seconds=1.0, monotonic=time.monotonic),
        settings=directory,
        queues=PostgresQueues(database, audit),
        entries=PostgresEntries(database, audit),
        executor=GrpcExecutor(cast(Any, TakingPeer()), seconds=5),
        hands=GrpcHands(cast(Any, TakingPeer()), seconds=5),
        sender=GrpcSender(cast(Any, TakingPeer()), seconds=5),
    )
    return cast(RoutingServer, servicers(surroundings)[0].implementation)


async def _send(method: Any, kind: Any, requests: list[bytes]) -> None:
    for request in requests:
        response = await method(kind.FromString(request), _NOBODY)
        if any(result.outcome != results_pb2.ITEM_OUTCOME_OK for result in response.results):
            raise Void(f"router refused what it should take: {response}")
        response.SerializeToString()


def _messages(people: Iterator[tuple[str, str, str]], size: int) -> bytes:
    now = int(time.time())
    return router_pb2.RouteMessagesRequest(
        messages=[_message(person, now) for person in itertools.islice(people, size)]
    ).SerializeToString()


def _message(person: tuple[str, str, str], now: int) -> events_pb2.InboundMessage:
    wa_id, user_id, name = person
    message_id = f"wamid.HBgNNTU4MTk4NzY1NDMyMRUCABIY{uuid4().hex.upper()}"
    return events_pb2.InboundMessage(
        event_id=message_id,
        phone_number_id=_NUMBER,
        message_id=message_id,
        kind="text",
        wa_id=wa_id,
        user_id=user_id,
        profile_name=name,
        sent_at=now,
        text="Quero revisar a bicicleta na quinta",
        is_flow_input=True,
        received_at_ms=now * 1000,
        signed_by=["00000000-0000-0000-0000-000000000000/house"],
        fields=b'{"type":"message","text":"Quero revisar a bicicleta na quinta","id":"%s"}' % message_id.encode(),
    )


def _statuses(size: int) -> bytes:
    statuses = [events_pb2.MessageStatus(phone_number_id=_NUMBER, message_id=uuid4().hex) for _ in range(size)]
    return router_pb2.RouteStatusesRequest(statuses=statuses).SerializeToString()


def _person(number: int) -> tuple[str, str, str]:
    return f"55819{number:0>8}", f"BR.{number:0>16}", f"Ana {number}"


def _postmaster(superuser_url: str) -> int:
    with psycopg.connect(superuser_url) as connection:
        return process_table()[connection.info.backend_pid].parent


def _nanoseconds(postmaster: int) -> int:
    """CPU of the postmaster and its processes so far (proc_pid_schedstat: nanoseconds on the CPU)."""
    pids = [pid for pid, process in process_table().items() if postmaster in (pid, process.parent)]
    return sum(_nanoseconds_of(pid) for pid in pids)


def _nanoseconds_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0  # a worker of autovacuum that has just ended


if __name__ == "__main__":
    for part, figure in measure().items():
        print(f"{part:20} {figure:8.1f} µs")
