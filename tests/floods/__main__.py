"""`make floods`: what floods do to valid traffic, to memory and to the tables of a real house.

Each kind of flood is run against the house, and beforehand against a server that refuses at once: on a machine that
the flooder shares with the house the ratio to the latter shows what the house itself adds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.floods.kinds import KINDS
from tests.floods.report import markdown
from tests.floods.run import Plan, run


def main() -> int:
    """Run the kinds of the command line and print the table; 1 when a body was stored that may not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.floods", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long people talk in each part")
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second that people write")
    parser.add_argument("--flooders", type=int, default=1, help="flooding processes")
    parser.add_argument("--only", nargs="+", choices=[kind.name for kind in KINDS], help="only these kinds")
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if not options.only or kind.name in options.only]
    plan = Plan(seconds=options.seconds, per_second=options.rate, flooders=options.flooders)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, {plan}")
    with tempfile.TemporaryDirectory(prefix="pytake-floods-") as folder:
        Path(folder).chmod(0o755)  # Postgres runs as a plain user when we are root
        results = asyncio.run(run(kinds, plan, Path(folder) / "house", lambda line: print(f"  {line}", flush=True)))
    print(markdown(results))
    if options.json:
        told = [asdict(result) | {"kind": result.kind.name} for result in results]
        options.json.write_text(json.dumps(told, indent=1) + "\n")
    return int(any(result.rows for result in results if not result.kind.may_store))


if __name__ == "__main__":
    sys.exit(main())
