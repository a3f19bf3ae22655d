"""`python -m tests.benchmarks`: the whole road beside its baselines, in CPU time per message.

Meta and its people are this process; what is measured runs in others, and only their CPU counts.
"""

import signal
import subprocess
import sys
from pathlib import Path

import uvloop

from services.embedded.errors import HouseError
from tests.benchmarks.conditions import conditions
from tests.benchmarks.errors import Void
from tests.benchmarks.measure import count_steps, measure
from tests.benchmarks.plan import QUICK_SCENARIOS, Plan, read_plan
from tests.benchmarks.progress import Progress, say
from tests.benchmarks.report import write_report
from tests.benchmarks.sample import Sample
from tests.benchmarks.scenarios import SCENARIOS, measurements, sides
from tests.benchmarks.sides import opened

RESULTS = Path(".bench")


async def run(plan: Plan) -> list[Sample]:
    """Start everything, measure, stop everything. Raises Void when what came out may not be reported."""
    parts = {side: measurements(plan.scenarios, side, plan.sizes) for side in sides(plan.scenarios)}
    progress = Progress(sum(count_steps(part, plan.rounds) for part in parts.values()))
    samples = []
    for side, part in parts.items():
        variants = list(dict.fromkeys(name for measurement in part for name in measurement.variants))
        async with opened(side, variants, plan, progress) as contestants:
            samples += await measure(contestants, part, plan.rounds, progress)
    return samples


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
    folder = RESULTS / str(before["at"]).replace(":", "")
    print(write_report(folder, samples, sizes=plan.sizes, conditions=before))
    if plan.scenarios in (tuple(SCENARIOS), QUICK_SCENARIOS):
        return add_parts(folder / "report.md", is_quick=plan.scenarios == QUICK_SCENARIOS)
    return 0


def add_parts(report: Path, *, is_quick: bool) -> int:
    """Measure the single parts too and add them to the report: a whole run shows every target. 1 when they are void."""
    say("single parts")
    command = [sys.executable, "-m", "tests.benchmarks.parts", *(["--quick"] if is_quick else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout)
    with report.open("a") as file:
        file.write(f"\n{done.stdout}")
    return done.returncode


def first_sentence(error: Exception) -> str:
    """Return what the first of possibly many failed exchanges says. Raises what is no known reason again."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, Void | HouseError):
        raise error
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
