"""`make storm`: the full form, with progress. `--json FILE` keeps the reports for programs."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.faults.storm import Plan, run_storm

FULL = Plan(
    kills=300, postgres_stops=10, people=100, lines=20, seconds_between_kills=1.0, replicas=2, reconcile_seconds=20.0,
    http_timeout_seconds=10.0, drain_seconds=180.0,
)  # fmt: skip


def _tell(line: str) -> None:
    print(f"  {line}", flush=True)


def main() -> int:
    """Run storms one after the other; exit 1 when any of them broke the promise or left a canary in the open."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1", help="comma-separated seeds, one storm each")
    parser.add_argument("--small", action="store_true", help="the form the test suite runs")
    parser.add_argument("--json", type=Path, help="write the reports here")
    options = parser.parse_args()
    form = Plan() if options.small else FULL
    reports = []
    for seed in options.seeds.split(","):
        plan = replace(form, seed=int(seed))
        print(f"storm {seed}: {plan.kills} kills, {plan.postgres_stops} stops of Postgres, {plan.people} people")
        with tempfile.TemporaryDirectory(prefix="pytake-storm-") as folder:
            Path(folder).chmod(0o755)  # Postgres runs as a plain user when we are root
            reports.append(asyncio.run(run_storm(plan, Path(folder) / "house", _tell)))
        print(reports[-1].as_json())
        print(reports[-1].scan.table())
    if options.json:
        options.json.write_text("[" + ",\n".join(report.as_json() for report in reports) + "]\n")
    return 0 if all(report.is_clean for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
