"""A house of its own for a storm: `pytake up` as a process, spoken to as outsiders do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class RunningHouse:
    """A running house and the commands that talk to it."""

    data: Path
    process: asyncio.subprocess.Process

    async def status(self) -> dict[str, Any]:
        """What `pytake status --json` says."""
        status: dict[str, Any] = json.loads(await self.pytake("status", "--json"))
        return status

    async def pytake(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a command against this house; raises RuntimeError with what it said when it fails."""
        command = [sys.executable, "-m", "services", *arguments, "--data", str(self.data)]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, error = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"pytake {' '.join(arguments)}: {error.decode()}{out.decode()}")
        return out.decode()


@contextlib.asynccontextmanager
async def running_house(
    data: Path, *options: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[RunningHouse]:
    """Start `pytake up` in `data` on free ports and wait until it is ready; stop it as Ctrl-C does."""
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    log = (data / "up.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "up", "--data", str(data), "--no-demo", *options,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )  # fmt: skip
    house = RunningHouse(data, process)
    try:
        await _until_ready(house)
        yield house
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.wait()
        log.close()


async def _until_ready(house: RunningHouse) -> None:
    """Ready is when `up` says how to talk to it; its own patience bounds this wait."""
    log = house.data / "up.log"
    while "PyTake is running" not in await asyncio.to_thread(log.read_text):
        if house.process.returncode is not None:
            raise RuntimeError(await asyncio.to_thread(log.read_text))
        await asyncio.sleep(0.1)
