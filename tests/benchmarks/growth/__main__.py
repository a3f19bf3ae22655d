"""`python -m tests.benchmarks.growth`: turns measurements into `pytake sizing`'s costs, and checks its model.

Fed with the least and the most company at saturation, the model must say what every other load costs.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from services.cli.sizing.batches import Check, checks
from services.cli.sizing.costs import PROCESSES, document_of
from tests.benchmarks.errors import Void
from tests.benchmarks.growth.measured import Document, Load, amounts_of, has_statuses, loads_of, status_ms_of

STATED_ERROR = 0.35
"""The model may be so far off, as a share of the measurement."""
FEWEST_IN_FLIGHT = 3.0
"""With fewer no two messages meet in a batch: each costs what one alone does, of which the model says nothing new."""

MARCHES_BELOW = 64.0
"""A closed loop of fewer marches in step: its batches are fuller than those of a rate with as many in flight."""


def out_of_step(loads: Sequence[Load]) -> list[Load]:
    """Return the loads that say something of rates, for which the model is."""
    return [load for load in loads if not load.is_closed or load.in_flight >= MARCHES_BELOW]


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("benchmarks", nargs="+", type=Path, help="samples of `make bench`, with and without statuses")
    parser.add_argument("--soak", type=Path, help="a soak with statuses; needed for --out")
    parser.add_argument("--soak-plain", type=Path, help="a soak without statuses")
    parser.add_argument("--out", type=Path, help="write the costs here, such as services/cli/sizing/costs.json")
    return parser.parse_args(arguments)


def check_model(loads: Sequence[Load]) -> list[tuple[str, Check]]:
    """Fit the closed loads with the least and the most company, and predict every other that has some.

    Raises Void without two to fit.
    """
    loads = out_of_step(loads)
    closed = [load for load in loads if load.is_closed]
    if len(closed) < 2:
        raise Void("the model needs two loads at saturation with different numbers in flight")
    fed = [closed[0], closed[-1]]
    kept = [load for load in loads if load not in fed and load.in_flight >= FEWEST_IN_FLIGHT]
    found = checks([load.whole for load in fed], [load.whole for load in kept])
    return list(zip([load.name for load in kept], found, strict=True))


def markdown(found: Sequence[tuple[str, Check]]) -> str:
    """Return the check as a table."""
    rows = [
        f"| {name} | {check.in_flight:.1f} | {check.measured_ms:.2f} | {check.predicted_ms:.2f} | {check.error:+.0%} |"
        for name, check in found
    ]
    head = "| load, not fed | in flight | measured CPU ms | predicted | error |\n| --- | --- | --- | --- | --- |"
    return "\n".join([head, *rows])


def costs_document(plain: Document, statuses: Document, soaked: Document, soaked_plain: Document | None) -> Document:
    """Return the costs as `pytake sizing` reads them."""
    loads = out_of_step(loads_of(plain))
    opened = [load.reply_p50_ms for load in loads if not load.is_closed] or [load.reply_p50_ms for load in loads]
    conditions = plain["conditions"]
    return document_of(
        about=f"{conditions['at']}, {conditions['cores']} shared cores, Python {conditions['python']}",
        underway_ms=round(sorted(opened)[len(opened) // 2], 1),
        points={process: [load.point(process) for load in loads] for process in PROCESSES},
        status_ms=status_ms_of(loads, loads_of(statuses)),
        amounts=amounts_of(soaked, soaked_plain),
    )


def main() -> int:
    """Check the model and maybe write costs; 2 when it is further off than stated, 1 when something is missing."""
    given = read_arguments(sys.argv[1:])
    documents = [orjson.loads(file.read_bytes()) for file in given.benchmarks]
    plain = next((document for document in documents if not has_statuses(document)), None)
    statuses = next((document for document in documents if has_statuses(document)), None)
    try:
        if plain is None:
            raise Void("a benchmark without statuses is missing")
        found = check_model(loads_of(plain))
        print(markdown(found))
        if given.out:
            if statuses is None or given.soak is None:
                raise Void("--out needs a benchmark with statuses and a --soak")
            soaked_plain = orjson.loads(given.soak_plain.read_bytes()) if given.soak_plain else None
            costs = costs_document(plain, statuses, orjson.loads(given.soak.read_bytes()), soaked_plain)
            given.out.write_bytes(orjson.dumps(costs, option=orjson.OPT_INDENT_2) + b"\n")
    except Void as error:
        print(f"VOID: {error}", file=sys.stderr)
        return 1
    worst = max((abs(check.error) for _, check in found), default=0.0)
    print(f"\nstated: within {STATED_ERROR:.0%}; worst: {worst:.0%}")
    return 2 if worst > STATED_ERROR else 0


if __name__ == "__main__":
    sys.exit(main())
