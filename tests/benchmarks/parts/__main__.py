"""`python -m tests.benchmarks.parts`: what single parts of the road cost, beside what does the same work elsewhere.

CPU time per item, contestants in turn. Nothing leaves the machine.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from services.embedded.errors import HouseError
from tests.benchmarks.__main__ import first_sentence, say
from tests.benchmarks.conditions import conditions
from tests.benchmarks.errors import Void
from tests.benchmarks.parts import commits, doors, queues, scopes, turn
from tests.benchmarks.parts.contest import Sample, contest
from tests.benchmarks.parts.ground import Ground, running
from tests.benchmarks.parts.report import markdown, write_json

RESULTS = Path(".bench")
PARTS = ("turn", "doors", "queues", "commits", "scopes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run; items are those of one contestant in one round."""

    parts: tuple[str, ...]
    rounds: int
    turns: int
    posts: int
    jobs: int
    commits: int
    rows: int


QUICK = Plan(parts=PARTS, rounds=3, turns=2_000, posts=6_000, jobs=1_000, commits=4_000, rows=12_800)
FULL = Plan(parts=PARTS, rounds=5, turns=10_000, posts=20_000, jobs=4_000, commits=20_000, rows=64_000)


def read_plan(arguments: Sequence[str]) -> Plan:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.parts", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer items and rounds: about a minute")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="only these")
    parser.add_argument("--rounds", type=int, help="rounds, contestants interleaved")
    given = parser.parse_args(arguments)
    usual = asdict(QUICK if given.quick else FULL)
    chosen = {"parts": tuple(given.parts or usual["parts"]), "rounds": given.rounds or usual["rounds"]}
    return Plan(**{**usual, **chosen})


def run(plan: Plan, folder: Path) -> list[Sample]:
    """Run the plan's parts. Raises Void when something did not do its work."""
    samples: list[Sample] = []
    if "turn" in plan.parts:
        samples += asyncio.run(contest(turn.PART, turn.contestants(plan.turns), plan.rounds, say))
    if set(plan.parts) - {"turn"}:
        ground = Ground(folder)
        asyncio.run(ground.prepare())
        samples += uvloop.run(_run_on(ground, plan, folder))
    return samples


async def _run_on(ground: Ground, plan: Plan, folder: Path) -> list[Sample]:
    samples: list[Sample] = []
    async with running(ground):
        if "doors" in plan.parts:
            samples += await contest(doors.PART, await doors.contestants(ground, plan.posts), plan.rounds, say)
        if "queues" in plan.parts:
            samples += await _run_queues(ground, plan)
        if "commits" in plan.parts:
            contestants = await commits.contestants(ground, folder, plan.commits)
            if not contestants:
                say("this Postgres came without pgbench: the commits are left out")
            samples += await contest(commits.PART, contestants, plan.rounds, say)
        if "scopes" in plan.parts:
            samples += await _run_scopes(ground, plan)
    return samples


async def _run_scopes(ground: Ground, plan: Plan) -> list[Sample]:
    opened = await scopes.open_scopes(ground)
    try:
        return await contest(scopes.PART, opened.contestants(plan.rows), plan.rounds, say)
    finally:
        await opened.close()


async def _run_queues(ground: Ground, plan: Plan) -> list[Sample]:
    opened = await queues.open_queues(ground)
    try:
        return await contest(queues.PART, opened.contestants(plan.jobs), plan.rounds, say)
    finally:
        await opened.close()


def main() -> int:
    """Run the plan of the command line; 1 when the run is void."""
    plan = read_plan(sys.argv[1:])
    before = conditions(plan)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is stopped
    with tempfile.TemporaryDirectory(prefix="pytake-parts-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the user Postgres runs as for root must pass through
        try:
            samples = run(plan, folder)
        except (Void, HouseError, ExceptionGroup) as error:
            say(f"VOID: {first_sentence(error)}")
            return 1
    file = RESULTS / f"parts-{before['at']}.json".replace(":", "")
    write_json(file, samples, conditions=before)
    print(markdown(samples))
    print(f"{os.cpu_count()} shared cores, load average {before['load_average']:.1f} at the start; samples: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
