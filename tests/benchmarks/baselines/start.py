"""Starts the baselines in a process group of their own, and stops them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.errors import Void
from tests.benchmarks.variant import Surroundings, Variant

START_SECONDS = 120.0


@asynccontextmanager
async def running_baselines(folder: Path, arounds: Mapping[str, Surroundings]) -> AsyncIterator[list[Variant]]:
    """Start the named baselines (the keys of `arounds`). Raises Void when they do not start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.baselines", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        wanted = {name: asdict(around) for name, around in arounds.items()}
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        async with asyncio.timeout(START_SECONDS):
            told = await process.stdout.readline()
        if not told:
            raise Void("the baselines did not start; what they said stands above")
        yield [Variant(**fields) for fields in json.loads(told)]
    finally:
        process.stdin.close()  # its sign to stop
        await process.wait()
