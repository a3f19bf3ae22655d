"""analytics as a process: over gRPC, signed, with and without its database."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from services.chassis.errors import PermissionDenied
from services.chassis.rpc import Peer
from services.embedded.addresses import choose_port
from services.embedded.probes import first_line, is_listening
from services.embedded.waiting import wait_until
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import results_pb2
from tests.fakes.analytics_records import NOON
from tests.fixtures.servers import Database as OwnDatabase
from tests.integration.analytics.served import keys_in, serving

COMMAND = (sys.executable, "-m", "services.analytics")
NOBODY = "postgresql://svc_analytics:x@127.0.0.1:1/nowhere"


def request_of(organization_id: str, *ids: str) -> analytics_pb2.IngestRequest:
    records = [
        analytics_pb2.Record(
            organization_id=organization_id,
            record_id=record_id,
            occurred_at_us=int(NOON.timestamp()) * 1_000_000,
            kind=analytics_pb2.RECORD_KIND_BOT_MESSAGE,
            conversation_id=organization_id,
            text="oi",
        )
        for record_id in ids
    ]
    return analytics_pb2.IngestRequest(records=records)


async def outcomes(peer: Peer, request: analytics_pb2.IngestRequest) -> list[int]:
    stub = peer.stub(analytics_pb2_grpc.RecordingStub)
    response = await peer.call(stub.Ingest, request, seconds=10)
    return [result.outcome for result in response.results]


async def test_replaying_a_call_changes_nothing(module_database: OwnDatabase, tmp_path: Path) -> None:
    organization_id = str(uuid4())
    async with serving(module_database.url_of("analytics"), tmp_path, "sender") as (peer,):
        first = await outcomes(peer, request_of(organization_id, "a", "b"))
        again = await outcomes(peer, request_of(organization_id, "a", "b"))

    assert first == [results_pb2.ITEM_OUTCOME_OK] * 2
    assert again == [results_pb2.ITEM_OUTCOME_DUPLICATE] * 2


async def test_a_room_without_business_here_is_turned_away(module_database: OwnDatabase, tmp_path: Path) -> None:
    async with serving(module_database.url_of("analytics"), tmp_path, "ingress") as (peer,):
        with pytest.raises(PermissionDenied, match="ingress may not call"):
            await outcomes(peer, request_of(str(uuid4()), "a"))


async def test_it_starts_and_stops_cleanly_while_its_database_is_away(tmp_path: Path) -> None:
    keys_in(tmp_path, "analytics")
    taken: set[int] = set()
    grpc_address, ops_address = (f"127.0.0.1:{choose_port(taken=taken)}" for _ in range(2))
    variables = {
        "DATABASE_URL": NOBODY,
        "GRPC_ADDRESS": grpc_address,
        "OPS_ADDRESS": ops_address,
        "SERVICE_KEY_FILE": "not read: analytics calls nobody",
        "SERVICE_JWKS_FILE": str(tmp_path / "jwks.json"),
    }
    process = await asyncio.create_subprocess_exec(*COMMAND, env={"PATH": os.environ["PATH"]} | variables)
    await wait_until(lambda: is_listening(ops_address), timeout_seconds=30, otherwise=lambda: "it does not listen")

    health, readiness = await first_line(ops_address, "/healthz"), await first_line(ops_address, "/readyz")
    process.terminate()

    assert (health.split()[1], readiness.split()[1]) == (b"200", b"503")
    assert await process.wait() == 0


def run_room(variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND,
        env={"PATH": os.environ["PATH"]} | dict(variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_missing_setting_is_one_sentence_and_status_two() -> None:
    ended = run_room({})

    assert ended.returncode == 2
    assert ended.stderr.startswith("DATABASE_URL is not set")
    assert ended.stderr.count("\n") == 1


def test_a_missing_key_file_is_one_sentence_and_status_two(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.json")
    ended = run_room({"DATABASE_URL": NOBODY, "SERVICE_KEY_FILE": missing, "SERVICE_JWKS_FILE": missing})

    assert ended.returncode == 2
    assert ended.stderr.startswith("SERVICE_JWKS_FILE cannot be read")
    assert ended.stderr.count("\n") == 1
