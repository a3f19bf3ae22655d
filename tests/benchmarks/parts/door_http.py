"""A webhook over HTTP, from the socket to the answer: ingress' door beside FastAPI and bare uvicorn.

`python -m tests.benchmarks.parts.door_http`; the door does everything but store. Only the servers' CPU counts.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from statistics import median

import uvloop

from services.embedded.addresses import LOOPBACK
from tests.benchmarks.meta.poster import Poster
from tests.benchmarks.parts.door_parse import SECRET, one_text
from tests.benchmarks.parts.door_server import NAMES, PATH

ROUNDS = 5
POSTS = 3000
IN_FLIGHT = 32


class Contestant:
    """A server in its process and the connections to it."""

    def __init__(self, process: Process, poster: Poster) -> None:
        self._process = process
        self._poster = poster

    @classmethod
    async def start(cls, name: str) -> "Contestant":
        command = (sys.executable, "-m", "tests.benchmarks.parts.door_server", name)
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert process.stdout
        port = int(await process.stdout.readline())
        return cls(process, Poster(f"http://{LOOPBACK}:{port}{PATH}", SECRET))

    async def microseconds(self) -> float:
        """Return the CPU of one POST, from POSTS of them, IN_FLIGHT at a time."""
        numbers = iter(range(POSTS))
        before = await self._cpu_nanoseconds()
        await asyncio.gather(*(self._post(numbers) for _ in range(IN_FLIGHT)))
        return (await self._cpu_nanoseconds() - before) / POSTS / 1000

    async def _post(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            await self._poster.post(one_text(number))

    async def _cpu_nanoseconds(self) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(b"\n")
        return int(await self._process.stdout.readline())

    async def stop(self) -> None:
        self._poster.close()
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()


def measure() -> dict[str, float]:
    """Return microseconds of CPU per POST by server: the median of rounds in which the servers take turns."""
    return uvloop.run(_measure())


async def _measure() -> dict[str, float]:
    contestants = {name: await Contestant.start(name) for name in NAMES}
    taken: dict[str, list[float]] = {name: [] for name in NAMES}
    for contestant in contestants.values():
        await contestant.microseconds()  # warm up
    for _ in range(ROUNDS):
        for name, contestant in contestants.items():
            taken[name].append(await contestant.microseconds())
    for contestant in contestants.values():
        await contestant.stop()
    return {f"door, HTTP, {name}": median(samples) for name, samples in taken.items()}


if __name__ == "__main__":
    for name, microseconds in measure().items():
        print(f"{name:<34}{microseconds:8.1f} µs")
