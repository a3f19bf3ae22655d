"""router as a process: with nothing it depends on, and with wrong settings."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from services.embedded.addresses import choose_port
from services.embedded.probes import first_line, is_listening
from services.embedded.waiting import wait_until
from tests.integration.router.house import keys_in

COMMAND = (sys.executable, "-m", "services.router")


def variables_in(folder: Path) -> dict[str, str]:
    """Good settings of a router whose Postgres and peers are away."""
    keys_in(folder)
    taken: set[int] = set()
    return {
        "DATABASE_URL": "postgresql://svc_router:x@127.0.0.1:1/nowhere",
        "GRPC_ADDRESS": f"127.0.0.1:{choose_port(taken=taken)}",
        "OPS_ADDRESS": f"127.0.0.1:{choose_port(taken=taken)}",
        "EXECUTOR_TARGET": "ipv4:127.0.0.1:1",
        "SENDER_TARGET": "ipv4:127.0.0.1:1",
        "SERVICE_KEY_FILE": str(folder / "router.jwk.json"),
        "SERVICE_JWKS_FILE": str(folder / "jwks.json"),
        "TOMBSTONE_KEY": "dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHQ=",
    }


def run_room(variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"]} | dict(variables)
    return subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=60, check=False)


async def test_it_starts_and_stops_cleanly_while_all_it_depends_on_is_away(tmp_path: Path):
    variables = variables_in(tmp_path)
    process = await asyncio.create_subprocess_exec(*COMMAND, env={"PATH": os.environ["PATH"]} | variables)
    address = variables["OPS_ADDRESS"]
    await wait_until(lambda: is_listening(address), timeout_seconds=30, otherwise=lambda: "it does not listen")
    health, readiness = await first_line(address, "/healthz"), await first_line(address, "/readyz")
    process.terminate()
    assert (health.split()[1], readiness.split()[1]) == (b"200", b"503")
    assert await process.wait() == 0


def test_a_missing_setting_is_one_sentence_and_status_two():
    ended = run_room({})
    assert ended.returncode == 2
    assert ended.stderr.startswith("DATABASE_URL is not set")
    assert ended.stderr.count("\n") == 1


def test_a_key_that_cannot_be_read_is_one_sentence_and_status_two(tmp_path: Path):
    ended = run_room(variables_in(tmp_path) | {"SERVICE_KEY_FILE": str(tmp_path / "none.json")})
    assert ended.returncode == 2
    assert ended.stderr.startswith("SERVICE_KEY_FILE cannot be read")
    assert ended.stderr.count("\n") == 1
