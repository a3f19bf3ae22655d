"""Whatever is damaged of a table's walls, somebody notices: the catalog checks, the attempts, or both."""

from collections.abc import Iterator

import psycopg
import pytest

from services.embedded.keys import ROOMS
from tests.fixtures.servers import Database
from tests.house.catalog import TRUST, Connection
from tests.walls.behaviour import prepare
from tests.walls.mutants import Mutant, is_whole, mutants_of_room, mutants_of_table, table_of


@pytest.fixture(scope="module")
def connection(module_database: Database) -> Iterator[Connection]:
    """The superuser; everything is taken back."""
    with psycopg.connect(module_database.superuser_url) as superuser:
        prepare(superuser)
        yield superuser
        superuser.rollback()


@pytest.mark.parametrize("table", sorted(TRUST))
def test_nothing_is_said_about_an_undamaged_table(connection: Connection, table: str) -> None:
    assert is_whole(connection, table) == []


@pytest.mark.parametrize("table", sorted(TRUST))
def test_every_damage_to_a_table_is_noticed(connection: Connection, table: str) -> None:
    mutants = list(mutants_of_table(connection, table))

    print(table_of(mutants))
    assert [f"{mutant.kind}: {mutant.target}" for mutant in mutants if not mutant.is_noticed] == []
    assert len(mutants) > 20


@pytest.mark.parametrize("room", ROOMS)
def test_every_damage_to_a_room_is_noticed(connection: Connection, room: str) -> None:
    mutants = list(mutants_of_room(connection, room))

    print(table_of(mutants))
    assert [f"{mutant.kind}: {mutant.target}" for mutant in mutants if not mutant.is_noticed] == []


def test_the_table_of_mutants_counts_who_noticed_and_what_nobody_did() -> None:
    noticed = Mutant("policy dropped", "router.contact", "its policy is wrong", "a neighbour's row is seen")
    by_one = Mutant("policy dropped", "router.number", "its policy is wrong", None)
    by_none = Mutant("a crack", "router.number", None, None)

    lines = [line.split() for line in table_of([noticed, by_one, by_none]).splitlines()]

    assert lines[1:] == [
        ["policy", "dropped", "2", "2", "1", "0"],
        ["a", "crack", "1", "0", "0", "1"],
        ["all", "3", "2", "1", "1"],
    ]
