"""`python -m tests.benchmarks.together.member FOLDER ROOM`: ingress' process runs all rooms, the others sleep."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import uvloop

from services.chassis import rpc
from services.chassis.lifecycle import Service
from services.chassis.settings import read_settings
from services.embedded.keys import ROOMS, write_private
from services.embedded.waiting import wait_until
from tests.benchmarks.together.direct import DirectPeer, DirectServer

HOST = "ingress"
START_SECONDS = 60.0


def environment_file(folder: Path, room: str) -> Path:
    """Where a room's environment is left for the process that runs them all."""
    return folder / "run" / f"{room}.environment.json"


async def build(room: str, environment: Mapping[str, str]) -> Service:
    """A room as its own process would build it, but for how it calls and is called."""
    app, settings = import_module(f"services.{room}.app"), import_module(f"services.{room}.settings")
    service: Service = await app.build(read_settings(settings.Settings, environment))
    return service


async def run_all(folder: Path) -> None:
    """Wait for every room's environment, then run the rooms until told to stop."""
    files = [environment_file(folder, room) for room in ROOMS]

    async def are_there() -> bool:
        return all(file.exists() for file in files)

    await wait_until(are_there, timeout_seconds=START_SECONDS, otherwise=lambda: f"not every room came to {folder}")
    services = [await build(room, json.loads(file.read_text())) for room, file in zip(ROOMS, files, strict=True)]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: [service.ask_to_stop() for service in services])
    await asyncio.gather(*(service.run() for service in services))


def call_directly() -> None:
    """Give the rooms our servers and peers; they are imported after this."""
    chassis: Any = rpc
    chassis.RpcServer, chassis.Peer = DirectServer, DirectPeer


def main() -> None:
    folder, room = Path(sys.argv[1]), sys.argv[2]
    write_private(environment_file(folder, room), json.dumps(dict(os.environ)))
    if room == HOST:
        call_directly()
        uvloop.run(run_all(folder))
    else:
        signal.pause()


if __name__ == "__main__":
    main()
