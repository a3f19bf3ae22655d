"""`python -m tests.benchmarks.together FOLDER`: the house, as `pytake up --no-simulator --no-demo` would run it."""

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from services.cli.up import run_house
from services.embedded.house import HouseOptions


def member(room: str, *, folder: Path) -> tuple[str, ...]:
    """The program that stands for a room."""
    return (sys.executable, "-m", "tests.benchmarks.together.member", str(folder), room)


if __name__ == "__main__":
    data = Path(sys.argv[1])
    options = HouseOptions(
        environment=dict(os.environ), data=data, with_simulator=False, programs=partial(member, folder=data)
    )
    asyncio.run(run_house(options, with_demo=False))
