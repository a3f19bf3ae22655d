"""The road: the five services of `pytake up`, with their own Postgres and Valkey, set up by `pytake apply`."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from services.embedded.keys import ROOMS
from services.embedded.rooms import WEBHOOK_PATH
from services.embedded.state import read_state
from tests.benchmarks.documents import one_organization
from tests.benchmarks.errors import Void
from tests.benchmarks.names import ROAD
from tests.benchmarks.variant import Surroundings, Variant

NAME = ROAD
START_SECONDS = 120.0
PYTAKE = (sys.executable, "-m", "services")
TOGETHER = (sys.executable, "-m", "tests.benchmarks.together")
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SEALING_KEYS", "TOMBSTONE_KEY", "WEBHOOK_VERIFY_TOKEN")
UNBOUND_PAIR_BURST = "1000000000"
"""A person writes far more often here than Meta's limit per pair allows; the limiter runs, but never says no."""


@asynccontextmanager
async def running_road(
    folder: Path,
    around: Surroundings,
    *,
    name: str = NAME,
    document: Mapping[str, object] | None = None,
    replicas: int = 1,
    is_together: bool = False,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Variant]:
    """Start a house in `folder`, set it up, and stop it at the end. Raises Void when it fails.

    `document` is for `pytake apply`; without one, all numbers start the workshop's flow in one organization.
    `is_together` puts the five rooms into one process. `settings` are told to the services and to the commands.
    """
    document = document or one_organization({"workshop": around.phone_number_ids})
    environment = _environment(around) | dict(settings or {})
    usual = (*PYTAKE, "up", "--data", str(folder), "--no-simulator", "--no-demo", "--replicas", str(replicas))
    house = await asyncio.create_subprocess_exec(
        *((*TOGETHER, str(folder)) if is_together else usual),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        await _wait_until_running(house)
        await _apply(folder, document, environment)
        yield _variant(name, folder)
    finally:
        if house.returncode is None:
            house.send_signal(signal.SIGTERM)
        await house.communicate()


def _environment(around: Surroundings) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return inherited | {
        "META_GRAPH_API_BASE": around.graph_api_base,
        "META_APP_SECRET": around.app_secret,
        "PAIR_BURST": UNBOUND_PAIR_BURST,
        "PYTHONUNBUFFERED": "1",
    }


async def _wait_until_running(house: asyncio.subprocess.Process) -> None:
    assert house.stdout is not None
    told = []
    try:
        async with asyncio.timeout(START_SECONDS):
            while line := (await house.stdout.readline()).decode():
                told.append(line)
                if "PyTake is running" in line:
                    return
    except TimeoutError:
        told.append(f"nothing more within {START_SECONDS:g} s")
    raise Void("the house did not start:\n" + "".join(told))


async def _apply(folder: Path, document: Mapping[str, object], environment: Mapping[str, str]) -> None:
    file = folder / "benchmark.json"
    file.write_bytes(orjson.dumps(document))
    command = (*PYTAKE, "apply", str(file), "--data", str(folder))
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise Void(f"the house could not be set up:\n{output.decode()}")


def _variant(name: str, folder: Path) -> Variant:
    state: dict[str, Any] = read_state(folder)
    services = state["services"]
    pids = {room: tuple(services[room]["pids"]) for room in ROOMS}
    stores = {"Postgres": (state["postgres"]["pid"],), "Valkey": (state["redis"]["pid"],)}
    doors = tuple(process["http"] + WEBHOOK_PATH for process in services["ingress"]["processes"])
    return Variant(name, doors, pids | stores, folder)
