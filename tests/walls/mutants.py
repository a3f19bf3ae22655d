"""`python -m tests.walls.mutants`: damage every wall of Postgres, one at a time, and see who notices.

Two look: the catalog checks (what Postgres says of its tables, tests/house/catalog.py) and the attempts
(tests/walls/behaviour.py). Each damage is done in a transaction that is taken back. Prints a table of the kinds of
damage; ends with 1 when one of them was noticed by nobody.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import psycopg

from services.embedded.keys import ROOMS
from tests.fixtures.servers import copied_database, join_run, make_template, start_servers
from tests.house import catalog
from tests.house.catalog import CHECKS, TRUST, Connection, Trust
from tests.walls.behaviour import holes, holes_of_partition, planted, prepare
from tests.walls.damage import Damage, damages_of_partition, damages_of_room, damages_of_table


@dataclass(frozen=True, slots=True)
class Mutant:
    """A damage, and the first sentence each of the two said about it."""

    kind: str
    target: str
    catalog: str | None
    behaviour: str | None

    @property
    def is_noticed(self) -> bool:
        """Whether either did."""
        return self.catalog is not None or self.behaviour is not None


def mutants_of_table(connection: Connection, table: str) -> Iterator[Mutant]:
    """All damage to a table and its partitions."""
    line = TRUST[table]
    with planted(connection, _with_targets(line)):
        for damage in list(damages_of_table(connection, line)):
            yield _tried(connection, damage, partial(holes, connection, line))
        for partition in partitions_of(connection, table):
            for damage in damages_of_partition(partition, line):
                yield _tried(connection, damage, partial(holes_of_partition, connection, partition))


def mutants_of_room(connection: Connection, room: str) -> Iterator[Mutant]:
    """All damage to a room's schema and roles."""
    line = next(line for line in TRUST.values() if line.role == f"svc_{room}" and line.is_owned)
    with planted(connection, _with_targets(line)):
        for damage in damages_of_room(room, line):
            yield _tried(connection, damage, partial(holes, connection, line))


def partitions_of(connection: Connection, table: str) -> list[str]:
    """The first and the last partition: they are made alike, by one function or by a migration."""
    rows = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass ORDER BY 1", (table,)
    ).fetchall()
    found = [str(row[0]) for row in rows]
    return sorted({found[0], found[-1]}) if found else []


def is_whole(connection: Connection, table: str) -> list[str]:
    """What is said about an undamaged table: nothing, or whoever says something says it of everything."""
    line = TRUST[table]
    with planted(connection, _with_targets(line)):
        found = [sentence for check in CHECKS for sentence in check(connection)] + list(holes(connection, line))
        for partition in partitions_of(connection, table):
            found += holes_of_partition(connection, partition)
    return found


def table_of(mutants: Sequence[Mutant]) -> str:
    """The mutants by kind, as people read them."""
    rows = [("damage", "places", "catalog", "attempts", "nobody")]
    for kind in dict.fromkeys(mutant.kind for mutant in mutants):
        alike = [mutant for mutant in mutants if mutant.kind == kind]
        rows.append((
            kind,
            str(len(alike)),
            str(sum(mutant.catalog is not None for mutant in alike)),
            str(sum(mutant.behaviour is not None for mutant in alike)),
            str(sum(not mutant.is_noticed for mutant in alike)),
        ))  # fmt: skip
    total = [sum(int(row[column]) for row in rows[1:]) for column in range(1, 5)]
    rows.append(("all", *map(str, total)))
    return "\n".join(f"{row[0]:<44}" + "".join(f"{cell:>10}" for cell in row[1:]) for row in rows)


def run(url: str) -> list[Mutant]:
    """Every mutant of a migrated database; `url` is its superuser's."""
    with psycopg.connect(url) as connection:
        prepare(connection)
        found = [mutant for table in sorted(TRUST) for mutant in mutants_of_table(connection, table)]
        found += [mutant for room in ROOMS for mutant in mutants_of_room(connection, room)]
        connection.rollback()
    return found


def _tried(connection: Connection, damage: Damage, attempts: Callable[[], Iterator[str]]) -> Mutant:
    with connection.transaction(force_rollback=True):
        for statement in damage.statements:
            connection.execute(statement.encode())
        by_catalog = next((sentence for check in CHECKS for sentence in check(connection)), None)
        by_behaviour = next(attempts(), None)
    return Mutant(damage.kind, damage.target, by_catalog, by_behaviour)


def _with_targets(line: Trust) -> list[Trust]:
    """The table, and those its foreign keys lead to: rows need something to point at."""
    targets = {other for table, _, other, _ in catalog.declared_references() if table == line.table}
    return [line, *(TRUST[target] for target in sorted(targets - {line.table}))]


def main() -> int:
    """Run on servers of its own."""
    from services.chassis.migrate import migrate  # Alembic, which the tests need only once

    parser = argparse.ArgumentParser(prog="python -m tests.walls.mutants", description=__doc__)
    parser.add_argument("--json", type=Path, help="write every mutant there as well")
    given = parser.parse_args()
    began = time.monotonic()
    with join_run():
        servers = start_servers()
        make_template(servers, migrate)
        with copied_database(servers) as database:
            mutants = run(database.superuser_url)
    print(table_of(mutants))
    unnoticed = [mutant for mutant in mutants if not mutant.is_noticed]
    print(f"{len(mutants)} mutants, {len(unnoticed)} unnoticed, {time.monotonic() - began:.0f} s")
    for mutant in unnoticed:
        print(f"UNNOTICED {mutant.kind}: {mutant.target}")
    if given.json:
        given.json.write_text(json.dumps([asdict(mutant) for mutant in mutants], indent=1))
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
