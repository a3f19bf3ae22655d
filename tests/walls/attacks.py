"""`python -m tests.walls.attacks`: attack a house of its own and print what was tried; `--json FILE` for programs.

Every gRPC method is found by reflection and every route in ingress' site. What is expected follows from the policies
that the servers themselves describe, and what an organization must not see from the other's rows in the database.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import httpx

from services.embedded.keys import secrets_in_use
from tests.fixtures.rest import stage
from tests.journeys.house import House, running_house
from tests.walls import methods, routes
from tests.walls.forge import Keys
from tests.walls.methods import Attackers
from tests.walls.report import Attempt, Report, joined
from tests.walls.victims import SECRETS, look_up_both, rows_of, settle_in

# A refusal for asking too often would say nothing about the right to ask.
UNLIMITED = {"CALLER_REQUESTS_PER_MINUTE": "0", "ORGANIZATION_REQUESTS_PER_MINUTE": "0", "SENDS_PER_MINUTE": "0"}


async def attack_house(house: House, attackers: Attackers) -> Report:
    """Everything on every route, and on every method of every room."""
    site, *_ = stage(is_ready=True)
    async with httpx.AsyncClient(base_url=house.http, timeout=60, trust_env=False) as client:
        by_route = await routes.attack(client, routes.endpoints_of(site), attackers)
    services = house.first_status["services"]
    return joined([by_route, *[await methods.attack(room, its["grpc"], attackers) for room, its in services.items()]])


def attackers_in(house: House) -> Attackers:
    """Settle two organizations in a house, and take its keys."""
    our_shop = settle_in(house, 1)
    their_shop = settle_in(house, 2, secrets=SECRETS)
    ours, theirs = look_up_both(house, our_shop, their_shop, SECRETS)
    shown = str(their_shop.conversation(their_shop.person(), token=their_shop.token()))
    assert theirs.seen_in(shown, ""), "who may look sees none of the marks, so nobody else's answer proves anything"
    secrets = house.data / "secrets"
    return Attackers(Keys.of(secrets, secrets_in_use(secrets)["SECRET_KEY"]), ours, theirs)


def run(house: House) -> Report:
    """Attack a running house, and look afterwards whether anything of theirs has changed."""
    attackers = attackers_in(house)
    before = rows_of(house, attackers.theirs)
    report = asyncio.run(attack_house(house, attackers))
    house.settle()
    after = rows_of(house, attackers.theirs)
    report.attempts += [
        Attempt("another organization's rows changed", table, "changed" if after[table] != digest else "as before",
                after[table] != digest)
        for table, digest in before.items()
    ]  # fmt: skip
    return report


def main() -> int:
    """Print the table; exit 1 when anything got through, or when somebody with every right did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pytake-walls-") as folder:
        Path(folder).chmod(0o755)  # Postgres runs as a plain user when we are root
        with running_house(Path(folder), **UNLIMITED) as house:
            report = run(house)
    print(report.table())
    if options.json:
        options.json.write_text(report.as_json() + "\n")
    return 1 if report.successes or report.shut_out else 0


if __name__ == "__main__":
    sys.exit(main())
