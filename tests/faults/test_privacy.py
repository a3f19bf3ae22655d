"""An erasure under fire: whichever service dies in the middle, it ends once, tells what went, and nothing is left."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.journeys.house import ROOMS, House, running_house
from tests.journeys.lives import Life, live
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, flow_of

# Each second look comes this many seconds after the first: kills fall into looks as well as between them.
SETTLE_SECONDS = "2.0"
# A job whose holder died is taken up when its lease ends.
PATIENCE_SECONDS = 120.0


KEYS = {
    "router.contact": "contact_id",
    "router.contact_identity": "contact_id",
    "router.conversation": "contact_id",
    "executor.conversation_states": "conversation_id",
    "executor.inbox_item": "lane_id",
    "executor.outbox_item": "lane_id",
    "sender.message": "lane_id",
    "analytics.conversation_logs": "conversation_id",
}
"""Tables whose rows a report must count rightly, and the column that says whose they are."""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="pytake-privacy-"))
    folder.chmod(0o755)
    with running_house(folder, PRIVACY_SETTLE_SECONDS=SETTLE_SECONDS) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shop(house: House, request: pytest.FixtureRequest) -> Shop:
    """A shop of the test's own, with a second number that is at rest."""
    opened = Shop(house, 1 + [*ROOMS].index(request.node.callspec.params["room"]))
    document = opened.document({"echo": flow_of("echo")})
    second = opened.number_entry(opened.second_number, default_flow="echo", active=False)
    document["organizations"][0]["numbers"].append(second)
    opened.apply(document)
    return opened


@pytest.mark.parametrize("room", ROOMS)
def test_an_erasure_ends_once_and_tells_what_went_whichever_service_dies(shop: Shop, room: str) -> None:
    lives, neighbour, token = [live(shop, nth) for nth in (1, 2, 3)], live(shop, 4), shop.token()
    expected = [rows_of(life) for life in lives]
    heard = shop.conversation(neighbour.person, token=token)["messages"]
    pids = shop.house.pids(room)

    jobs = [begin(shop, life, token=token) for life in lives]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for life in lives:
        repeat(life)
    shop.house.kill(room)
    ended = [until_done(shop, job, token=token) for job in jobs]
    shop.house.settle()

    assert [told_of(job, rows) for job, rows in zip(ended, expected, strict=True)] == expected
    assert [life.places() for life in lives] == [{}, {}, {}]
    assert shop.conversation(neighbour.person, token=token)["messages"] == heard
    assert noted(shop) == sorted(f"erasure.{what} privacy_job:{job}" for what in ("begin", "end") for job in jobs)
    for life in lives:
        life.repeat()
    assert [life.places() for life in lives] == [{}, {}, {}]


def begin(shop: Shop, life: Life, *, token: str) -> str:
    """Ask for an erasure; the job's id."""
    answer = shop.ask("POST", f"/contacts/{life.person.wa_id}/erasure", token=token)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def repeat(life: Life) -> None:
    """Meta posts everything once more, and again while nobody is at the door."""
    for post in life.posts:
        eventually(partial(taken, life.shop, post), "a webhook that is taken")


def taken(shop: Shop, post: bytes) -> bool:
    """Whether a webhook was answered with success."""
    try:
        return shop.post(post).status_code == 200
    except httpx.HTTPError:
        return False


def until_done(shop: Shop, job_id: str, *, token: str) -> dict[str, Any]:
    return eventually(partial(done, shop, job_id, token=token), f"the end of {job_id}", seconds=PATIENCE_SECONDS)


def done(shop: Shop, job_id: str, *, token: str) -> dict[str, Any] | None:
    """The job, once it is done."""
    try:
        answer = shop.ask("GET", f"/privacy/jobs/{job_id}", token=token)
    except httpx.HTTPError:
        return None
    job: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
    return job if job.get("state") == "done" else None


def rows_of(life: Life) -> dict[str, int]:
    """How many rows of some tables are the person's, asked as superuser."""
    with psycopg.connect(life.shop.house.first_status["postgres"]["url"]) as connection:
        found = connection.execute(
            """WITH contacts AS (SELECT contact_id FROM router.contact_identity WHERE value = %s)
               SELECT array_agg(DISTINCT c.contact_id), array_agg(DISTINCT v.conversation_id)
               FROM contacts c JOIN router.conversation v USING (contact_id)""",
            (life.person.wa_id,),
        ).fetchone()
        assert found is not None
        ids = dict(zip(("contact_id", "conversation_id"), found, strict=True))
        ids["lane_id"] = ids["conversation_id"]
        counted = {
            table: connection.execute(f"SELECT count(*) FROM {table} WHERE {key} = ANY (%s)".encode(), (ids[key],))
            for table, key in KEYS.items()
        }
        return {table: int((cursor.fetchone() or (0,))[0]) for table, cursor in counted.items()}


def told_of(job: Mapping[str, Any], tables: Mapping[str, int]) -> dict[str, int]:
    """What a report says of these tables."""
    told = {table: rows for tables in job["report"]["rows"].values() for table, rows in tables.items()}
    return {table: told.get(table, 0) for table in tables}


def noted(shop: Shop) -> list[str]:
    """What is noted of erasures in the organization's audit log."""
    with psycopg.connect(shop.house.first_status["postgres"]["url"]) as connection:
        rows = connection.execute(
            """SELECT action || ' ' || object FROM ingress.audit_event WHERE action LIKE 'erasure.%%'
               AND organization_id = (SELECT organization_id FROM router.organization WHERE name = %s)""",
            (shop.name,),
        ).fetchall()
    return sorted(row[0] for row in rows)
