"""Flood one number with several senders, then single users, and print what the simulated Meta counted."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from services.chassis.migrate import migrate
from tests.fixtures.servers import Servers, copied_database, join_run, make_template, start_servers
from tests.limits.floods import flood_number, flood_pairs
from tests.limits.house import Plan

Found = TypeVar("Found")


def main() -> int:
    """Run; 1 when Meta refused anything or the number's rate left the given share of its limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.limits", description=__doc__)
    parser.add_argument("--replicas", type=int, default=3, help="sender processes")
    parser.add_argument("--rate", type=float, default=80.0, help="messages the number may send a second")
    parser.add_argument("--seconds", type=int, default=30, help="how long the number's flood lasts")
    parser.add_argument("--pairs", type=int, default=3, help="users that get too much at once")
    parser.add_argument("--beyond", type=int, default=5, help="messages to each beyond the burst; 0 leaves it out")
    parser.add_argument("--least", type=float, default=95.0, help="percent of the limit that every second has")
    parser.add_argument("--without-redis", action="store_true", help="each sender keeps to its share by itself")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with join_run():
        servers = start_servers()
        make_template(servers, migrate)
        redis_url = "" if options.without_redis else servers.valkey
        plan = Plan(replicas=options.replicas, per_second=options.rate, redis_url=redis_url)
        flow = _in_house(servers, lambda folder, url: flood_number(plan, folder, url, seconds=options.seconds))
        least, most = flow.share_of(options.rate)
        print(f"{options.replicas} senders, one number, {options.rate:g} messages a second, {flow.accepted} messages")
        print(f"accepted in each second: {' '.join(map(str, flow.per_second))}")
        print(f"{least:.1f} to {most:.1f} % of the limit in every second")
        print(f"most in any one second: {flow.most_in_any_second}; refused: {flow.refused or 'none'}")
        figures: dict[str, object] = {"number": asdict(flow)}
        is_kept = not flow.refused and least >= options.least and flow.most_in_any_second <= options.rate
        if options.beyond:
            pairs, gaps = _in_house(
                servers,
                lambda folder, url: flood_pairs(plan, folder, url, pairs=options.pairs, beyond=options.beyond),
            )
            print(f"{options.pairs} users, {plan.pair_burst + options.beyond} messages to each at once")
            print(f"after the burst one in {min(gaps):.2f} to {max(gaps):.2f} s; refused: {pairs.refused or 'none'}")
            figures["pairs"] = {"gaps": gaps, "refused": pairs.refused}
            is_kept = is_kept and not pairs.refused
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0 if is_kept else 1


def _in_house(servers: Servers, flood: Callable[[Path, str], Awaitable[Found]]) -> Found:
    async def run(folder: str, url: str) -> Found:
        return await flood(Path(folder), url)

    with tempfile.TemporaryDirectory(prefix="pytake-limits-") as folder, copied_database(servers) as database:
        return asyncio.run(run(folder, database.url_of("sender")))


if __name__ == "__main__":
    sys.exit(main())
