"""The baseline: the plain monolith of the seed's design, with httpx as its templates have it, and with aiohttp."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.errors import Void
from tests.benchmarks.variant import Surroundings, Variant

HTTP_CLIENTS = ("httpx", "aiohttp")
START_SECONDS = 120.0


@asynccontextmanager
async def running_monoliths(folder: Path, arounds: Mapping[str, Surroundings]) -> AsyncIterator[list[Variant]]:
    """Start one monolith per HTTP client (the keys of `arounds`) in a process group of their own, and stop them."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.monolith", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        wanted = {client: asdict(around) for client, around in arounds.items()}
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        async with asyncio.timeout(START_SECONDS):
            told = await process.stdout.readline()
        if not told:
            raise Void("the monoliths did not start; what they said stands above")
        yield [Variant(**fields) for fields in json.loads(told)]
    finally:
        process.stdin.close()  # its sign to stop
        await process.wait()
