"""Answers kept for repeats, in Postgres with ingress' own role: each key once, its own organization's, for a day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import psycopg

from services.chassis.db import Database as Pool
from services.ingress.domain.idempotency import KeptAnswer
from services.ingress.ports.answers import Held
from services.ingress.store import PostgresAnswers
from tests.fixtures.servers import Database

KEY, ASKED = b"k" * 32, b"r" * 32
ANSWER = KeptAnswer(201, (("content-type", "application/json"), ("location", "/x")), b'{"a":"\xc3\xa9"}')


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[PostgresAnswers]:
    pool = await Pool.open(database.url_of("ingress"), size=8, name="answers")
    try:
        yield PostgresAnswers(pool)
    finally:
        await pool.close()


def age(database: Database, organization_id: UUID, hours: float) -> None:
    """Let time pass for an organization's answers."""
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE ingress.kept_answer SET begun_at = begun_at - %s * interval '1 hour' WHERE organization_id = %s",
            (hours, organization_id),
        )


async def test_a_key_is_taken_by_one_and_its_answer_given_to_all_after(module_database: Database) -> None:
    async with opened(module_database) as answers:
        one = uuid4()
        begun = await asyncio.gather(
            *(answers.begin(organization_id=one, key_hash=KEY, request_hash=ASKED) for _ in range(8))
        )
        (held,) = [each for each in begun if isinstance(each, Held)]
        await answers.keep(organization_id=one, key_hash=KEY, held=held, answer=ANSWER)
        again = await answers.begin(organization_id=one, key_hash=KEY, request_hash=ASKED)
        other = await answers.begin(organization_id=one, key_hash=KEY, request_hash=b"other")

    assert begun.count("running") == 7
    assert (again, other) == (ANSWER, "other")


async def test_a_key_of_another_organization_is_another_key(module_database: Database) -> None:
    async with opened(module_database) as answers:
        for organization_id in (uuid4(), uuid4()):
            begun = await answers.begin(organization_id=organization_id, key_hash=KEY, request_hash=ASKED)
            assert isinstance(begun, Held)


async def test_a_key_that_was_let_go_is_free_and_a_lost_lease_keeps_nothing(module_database: Database) -> None:
    async with opened(module_database) as answers:
        one = uuid4()
        first = await answers.begin(organization_id=one, key_hash=KEY, request_hash=ASKED)
        assert isinstance(first, Held)
        age(module_database, one, 0.1)
        second = await answers.begin(organization_id=one, key_hash=KEY, request_hash=ASKED)
        assert isinstance(second, Held)
        await answers.keep(organization_id=one, key_hash=KEY, held=first, answer=ANSWER)
        await answers.forget(organization_id=one, key_hash=KEY, held=first)
        assert await answers.begin(organization_id=one, key_hash=KEY, request_hash=ASKED) == "running"
        await answers.forget(organization_id=one, key_hash=KEY, held=second)
        assert isinstance(await answers.begin(organization_id=one, key_hash=KEY, request_hash=b"new"), Held)


async def test_an_answer_lives_for_a_day_and_is_cleared_after_it(module_database: Database) -> None:
    async with opened(module_database) as answers:
        old, young = uuid4(), uuid4()
        for organization_id in (old, young):
            held = await answers.begin(organization_id=organization_id, key_hash=KEY, request_hash=ASKED)
            assert isinstance(held, Held)
            await answers.keep(organization_id=organization_id, key_hash=KEY, held=held, answer=ANSWER)
        age(module_database, old, 24.1)
        age(module_database, young, 23.9)
        await answers.clear_old()
        kept = await answers.begin(organization_id=young, key_hash=KEY, request_hash=ASKED)
        with psycopg.connect(module_database.superuser_url) as connection:
            rows = connection.execute(
                "SELECT (SELECT count(*) FROM ingress.kept_answer WHERE organization_id = %(old)s),"
                " (SELECT count(*) FROM ingress.kept_answer_owner WHERE organization_id = %(old)s)",
                {"old": old},
            ).fetchone()

    assert kept == ANSWER
    assert rows == (0, 0)
