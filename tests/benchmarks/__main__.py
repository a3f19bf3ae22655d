"""`python -m tests.benchmarks`: the whole road beside the plain monolith, in CPU time per message.

Meta and its people are this process; what is measured runs in others, and only their CPU counts.
"""

import argparse
import contextlib
import os
import platform
import secrets
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from services.embedded.errors import HouseError
from tests.benchmarks import baseline, road
from tests.benchmarks.errors import Void
from tests.benchmarks.load import Load, Rate, Saturation
from tests.benchmarks.measure import Contestant, Sample, measure, warm_up
from tests.benchmarks.meta.people import make_people, phone_number_ids
from tests.benchmarks.meta.world import World
from tests.benchmarks.monolith.names import name_of
from tests.benchmarks.report import markdown, write_json
from tests.benchmarks.variant import Surroundings, Variant

RESULTS = Path(".bench")
NUMBERS = 100
"""Business numbers: enough for Meta's 80 messages a second each never to be reached."""
WARM_UP_IN_FLIGHT = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run. `seconds` is the length of one measurement; rates are messages a second."""

    rounds: int
    seconds: float
    people: int
    in_flight: tuple[int, ...]
    rates: tuple[float, ...]
    latency_ms: float
    with_statuses: bool

    def loads(self) -> list[Load]:
        """Return every load, saturation first."""
        saturations: list[Load] = [Saturation(count, self.seconds) for count in self.in_flight]
        return saturations + [Rate(rate, self.seconds) for rate in self.rates]


def read_plan(arguments: Sequence[str]) -> Plan:
    """Read the command line; what is not given comes from the quick or the full form."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about 90 seconds: 3 short rounds, fewer people")
    parser.add_argument("--rounds", type=int, help="rounds of every load, variants interleaved")
    parser.add_argument("--seconds", type=float, help="length of one measurement")
    parser.add_argument("--people", type=int, help="contacts who write")
    parser.add_argument("--in-flight", type=int, nargs="*", help="messages without reply at a time, at saturation")
    parser.add_argument("--rates", type=float, nargs="*", help="messages a second")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="what the Graph API takes to answer")
    parser.add_argument("--statuses", action="store_true", help="three status webhooks follow every reply")
    given = parser.parse_args(arguments)
    usual = Plan(
        rounds=3,
        seconds=4.0 if given.quick else 12.0,
        people=300 if given.quick else 2000,
        in_flight=(64,),
        rates=() if given.quick else (20.0, 100.0),
        latency_ms=given.latency_ms,
        with_statuses=given.statuses,
    )
    return Plan(
        rounds=given.rounds or usual.rounds,
        seconds=given.seconds or usual.seconds,
        people=given.people or usual.people,
        in_flight=usual.in_flight if given.in_flight is None else tuple(given.in_flight),
        rates=usual.rates if given.rates is None else tuple(given.rates),
        latency_ms=usual.latency_ms,
        with_statuses=usual.with_statuses,
    )


async def run(plan: Plan) -> list[Sample]:
    """Start everything, measure, stop everything. Raises Void when what came out may not be reported."""
    app_secret, run_name = secrets.token_hex(16), secrets.token_hex(4)
    numbers = phone_number_ids(NUMBERS)
    names = (road.NAME, *map(name_of, baseline.HTTP_CLIENTS))
    worlds = {name: _world(plan, app_secret, run_name) for name in names}
    for world in worlds.values():
        await world.graph.open()
    around = {name: Surroundings(world.graph.base_url, app_secret, numbers) for name, world in worlds.items()}
    monoliths = {client: around[name_of(client)] for client in baseline.HTTP_CLIENTS}
    async with contextlib.AsyncExitStack() as stack:
        say("starting PyTake and the monoliths")
        variants = [await stack.enter_async_context(road.running_road(_folder(stack), around[road.NAME]))]
        variants += await stack.enter_async_context(baseline.running_monoliths(_folder(stack), monoliths))
        contestants = [_contestant(variant, worlds[variant.name], plan, numbers) for variant in variants]
        await warm_up(contestants, WARM_UP_IN_FLIGHT, say)
        samples = await measure(contestants, plan.loads(), plan.rounds, say)
    for world in worlds.values():
        await world.close()
    return samples


def _world(plan: Plan, app_secret: str, run_name: str) -> World:
    latency_seconds = plan.latency_ms / 1000
    return World(run=run_name, app_secret=app_secret, latency_seconds=latency_seconds, with_statuses=plan.with_statuses)


def _contestant(variant: Variant, world: World, plan: Plan, numbers: tuple[str, ...]) -> Contestant:
    world.connect(variant.webhook_url)
    return Contestant(variant, world, deque(make_people(plan.people, numbers)))


def _folder(stack: contextlib.AsyncExitStack) -> Path:
    """Make a folder for one side's data; the user Postgres runs as for root must pass through."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pytake-bench-")))
    folder.chmod(0o711)
    return folder


def conditions(plan: Plan) -> dict[str, object]:
    """Say where, when and how it was measured."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "plan": asdict(plan),
    }


def say(text: str) -> None:
    """Tell how far it is; tables alone go to the standard output."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the plan of the command line; 1 when the run is void."""
    plan = read_plan(sys.argv[1:])
    before = conditions(plan)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what was started is stopped
    try:
        samples = uvloop.run(run(plan))
    except (Void, HouseError, ExceptionGroup) as error:
        say(f"VOID: {first_sentence(error)}")
        return 1
    file = RESULTS / f"{before['at']}.json".replace(":", "")
    write_json(file, samples, conditions=before)
    print(markdown(samples, baseline=name_of(baseline.HTTP_CLIENTS[0])))
    print(f"{os.cpu_count()} shared cores, load average {before['load_average']:.1f} at the start; samples: {file}")
    return 0


def first_sentence(error: Exception) -> str:
    """Return what the first of possibly many failed exchanges says. Raises what is no known reason again."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, Void | HouseError):
        raise error
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
