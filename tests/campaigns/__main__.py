"""Run one campaign with a pause and a kill in its middle, and print what Meta and the counters say."""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.campaigns.run import Plan, run_campaign


def main() -> int:
    """Run; 1 when a recipient was missed or reached twice, or a counter is not what Meta has."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("--recipients", type=int, default=100_000, help="how many")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds that any step may take")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    plan = Plan(options.recipients, pause_seconds=2.0, look_seconds=5.0, patience_seconds=options.patience)
    with tempfile.TemporaryDirectory(prefix="pytake-campaigns-") as folder:
        Path(folder).chmod(0o755)  # Postgres runs as a plain user when we are root
        report = asyncio.run(run_campaign(plan, Path(folder) / "house", lambda line: print(f"  {line}", flush=True)))
    print(f"{report.reached} of {report.recipients} recipients reached, {report.missed} missed, {report.twice} twice")
    print(f"counters: {', '.join(f'{name} {count}' for name, count in report.figures.items())}")
    settled = ", ".join(f"{name} {count}" for name, count in report.settled_by.items())
    print(f"what told that Meta has a message: {settled}")
    print(f"paused: {report.handed_on_while_paused} handed on meanwhile; senders killed: {report.killed}")
    print(f"filled in {report.fill_seconds} s, sent in {report.send_seconds} s: {report.messages_per_second} a second")
    print(f"memory of a sender: {report.early_mib:.0f} MiB after a quarter, {report.most_mib:.0f} MiB at most")
    if options.json:
        options.json.write_text(json.dumps(asdict(report) | {"is_kept": report.is_kept}, indent=1) + "\n")
    return 0 if report.is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
