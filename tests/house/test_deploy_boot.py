"""Every Deployment's own command becomes ready as its probes ask, without its peers, and ends when it is told to."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.embedded.addresses import choose_port
from services.embedded.keys import ROOMS, ensure_service_keys, jwks_file, key_file
from services.embedded.probes import first_line, is_ready
from services.embedded.waiting import wait_until
from tests.fixtures.authority import Authority
from tests.fixtures.members import certificates, dns, issue
from tests.fixtures.servers import Database
from tests.house.kustomize import EXAMPLE, container_of, of_kind, pod_of, render

DOCUMENTS = render(EXAMPLE)
ENTRYPOINT = (sys.executable, "-m", "services", "serve")


def environment_of(room: str, database: Database, valkey_url: str, keys: Path) -> dict[str, str]:
    """What the pod is told, with this machine's stores, files and free ports in place of the cluster's."""
    values = dict(of_kind(DOCUMENTS, "ConfigMap")["pytake"]["data"])
    entries = container_of(of_kind(DOCUMENTS, "Deployment")[room])["env"]
    values |= {entry["name"]: entry["value"] for entry in entries if "value" in entry}
    taken: set[int] = set()
    values |= {name: f"127.0.0.1:{choose_port(taken=taken)}" for name in values if name.endswith("_ADDRESS")}
    secrets = {
        "DATABASE_URL": database.url_of(room),
        "REDIS_URL": valkey_url,
        "SECRET_KEY": "s" * 40,
        "SEALING_KEYS": base64.b64encode(b"k" * 32).decode(),
        "TOMBSTONE_KEY": base64.b64encode(b"t" * 32).decode(),
        "SERVICE_KEY_FILE": str(key_file(keys, room)),
        "SERVICE_JWKS_FILE": str(jwks_file(keys)),
    }
    named = {entry["name"] for entry in entries}
    return values | {name: value for name, value in secrets.items() if name in named}


@asynccontextmanager
async def running(room: str, values: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    arguments = container_of(of_kind(DOCUMENTS, "Deployment")[room])["args"]
    environment = {"PATH": os.environ["PATH"]} | values
    process = await asyncio.create_subprocess_exec(*ENTRYPOINT, *arguments, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def health_of(channel: aio.Channel, *, seconds: float = 10) -> health_pb2.HealthCheckResponse:
    request = health_pb2.HealthCheckRequest()
    answer: health_pb2.HealthCheckResponse = await health_pb2_grpc.HealthStub(channel).Check(
        request, timeout=seconds, wait_for_ready=True
    )
    return answer


@pytest.mark.parametrize("room", ROOMS)
async def test_a_pod_with_certificates_speaks_to_those_who_have_one(
    room: str, database: Database, valkey_url: str, tmp_path: Path
) -> None:
    ensure_service_keys(tmp_path)
    authority = Authority.found(tmp_path)
    own, team = (issue(authority, tmp_path / name, dns(name)) for name in (room, "team"))
    files = {"TLS_CERT_FILE": "tls.crt", "TLS_KEY_FILE": "tls.key", "TLS_CA_FILE": "ca.crt"}
    values = environment_of(room, database, valkey_url, tmp_path) | {
        name: str(own / file) for name, file in files.items()
    }
    options = (("grpc.enable_http_proxy", 0), ("grpc.ssl_target_name_override", room))
    async with running(room, values):
        await wait_until(
            lambda: is_ready(values["OPS_ADDRESS"]), timeout_seconds=60, otherwise=lambda: f"{room} is not ready"
        )
        credentials = certificates(team).for_channel()
        async with aio.secure_channel(values["GRPC_ADDRESS"], credentials, options=options) as channel:
            assert (await health_of(channel)).status == health_pb2.HealthCheckResponse.SERVING
        async with aio.insecure_channel(values["GRPC_ADDRESS"], options=options[:1]) as channel:
            with pytest.raises(aio.AioRpcError):
                await health_of(channel, seconds=1)


@pytest.mark.parametrize("room", ROOMS)
async def test_a_pod_becomes_ready_without_its_peers_and_ends_in_time(
    room: str, database: Database, valkey_url: str, tmp_path: Path
) -> None:
    ensure_service_keys(tmp_path)
    values = environment_of(room, database, valkey_url, tmp_path)
    async with running(room, values) as process:
        await wait_until(
            lambda: is_ready(values["OPS_ADDRESS"]), timeout_seconds=60, otherwise=lambda: f"{room} is not ready"
        )
        assert (await first_line(values["OPS_ADDRESS"], "/healthz")).split()[1] == b"200"
        async with aio.insecure_channel(values["GRPC_ADDRESS"], options=(("grpc.enable_http_proxy", 0),)) as channel:
            answer = await health_of(channel)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING

        process.terminate()

        async with asyncio.timeout(pod_of(of_kind(DOCUMENTS, "Deployment")[room])["terminationGracePeriodSeconds"]):
            assert await process.wait() == 0
