"""Old partitions of items are dropped whole, unless a lane that is not finished still points into them."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.fixtures.servers import Database

BOXES = {"ingress.out": "number_key", "executor.inbox": "organization_id", "sender.records": "organization_id"}


@pytest.fixture(params=sorted(BOXES))
def box(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection


def put_old_item(superuser: psycopg.Connection[tuple[object, ...]], box: str, *, head: int) -> str:
    """An item of long ago in a partition of its own; its lane is finished up to `head`. Gives the partition."""
    schema, _, name = box.partition(".")
    partition = f"{schema}.{name}_item_old"
    key = BOXES[box]
    week = "FROM ('2020-01-06T00:00:00Z') TO ('2020-01-13T00:00:00Z')"
    for statement in (
        f"CREATE TABLE {partition} PARTITION OF {box}_item FOR VALUES {week}",
        f"ALTER TABLE {partition} OWNER TO wa_owner",
        f"ALTER TABLE {partition} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {partition} FORCE ROW LEVEL SECURITY",
    ):
        superuser.execute(statement.encode())
    group, lane = uuid4(), uuid4()
    superuser.execute(
        f"INSERT INTO {box}_lane ({key}, lane_id, tail, head, wake_at) VALUES (%s, %s, 1, %s, now())".encode(),
        (group, lane, head),
    )
    superuser.execute(
        f"INSERT INTO {box}_item ({key}, lane_id, pos, event_id, payload, received_at) "
        "VALUES (%s, %s, 1, 'old', '', '2020-01-08T00:00:00Z')".encode(),
        (group, lane),
    )
    return partition


def drop_old(database: Database, box: str) -> object:
    """As the service does; how many partitions went."""
    with psycopg.connect(database.url_of(box.partition(".")[0]), autocommit=True) as service:
        ((dropped,),) = service.execute("SELECT app.drop_old_items(%s::regclass, 9)", (f"{box}_item",)).fetchall()
    return dropped


def test_an_old_item_that_nobody_worked_off_keeps_its_partition(
    database: Database, superuser: psycopg.Connection[tuple[object, ...]], box: str
) -> None:
    partition = put_old_item(superuser, box, head=0)

    assert drop_old(database, box) == 0
    assert superuser.execute("SELECT to_regclass(%s) IS NOT NULL", (partition,)).fetchall() == [(True,)]


def test_old_items_that_are_finished_go(
    database: Database, superuser: psycopg.Connection[tuple[object, ...]], box: str
) -> None:
    partition = put_old_item(superuser, box, head=1)

    assert drop_old(database, box) == 1
    assert superuser.execute("SELECT to_regclass(%s) IS NULL", (partition,)).fetchall() == [(True,)]


def test_looking_for_old_items_leaves_row_level_security_forced(
    database: Database, superuser: psycopg.Connection[tuple[object, ...]], box: str
) -> None:
    put_old_item(superuser, box, head=0)

    drop_old(database, box)

    rows = superuser.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relforcerowsecurity "
        "AND oid::regclass::text LIKE %s",
        (f"{box}%",),
    )
    assert rows.fetchall() == []
