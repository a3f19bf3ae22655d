"""Files of a real log: the forms agree over many pages, and nobody gets what another organization's people said."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pyarrow.parquet as pq
import pytest

from services.analytics.domain.record import Record, RecordKind
from services.analytics.store import PostgresStore
from services.chassis.db import Database
from services.ingress.peers.analytics import GrpcReports
from tests.fakes.analytics_records import NOON
from tests.fakes.ingress_peers import House
from tests.fixtures.paper import lines_on
from tests.fixtures.rest import Clock, Rights, bearer, site_on
from tests.fixtures.servers import Database as OwnDatabase
from tests.integration.analytics.served import serving

KINDS = (RecordKind.CONTACT_MESSAGE, RecordKind.BOT_MESSAGE, RecordKind.DELIVERY)
PHONES = [f"55119000000{number:02}" for number in range(40)]


def talk(organization_id: UUID, number: int, whose: str) -> Record:
    """A record; two and more are of the same moment."""
    phone = PHONES[number % 40]
    return Record(
        organization_id, NOON + timedelta(seconds=number // 3), f"{whose} {number}", number % 3, KINDS[number % 3],
        UUID(int=number % 40), phone, None, "", "" if number % 3 == 2 else f"{whose} diz {number}",
    )  # fmt: skip


@pytest.fixture
async def both(module_database: OwnDatabase, tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, UUID, UUID]]:
    """REST over a log of two organizations that talk with the same people: 3,000 records of ours, 50 of theirs."""
    ours, theirs = uuid4(), uuid4()
    database = await Database.open(module_database.url_of("analytics"), size=2, name="filling")
    await PostgresStore(database).add([talk(ours, number, "ours") for number in range(3000)])
    await PostgresStore(database).add([talk(theirs, number, "theirs") for number in range(50)])
    await database.close()
    async with serving(module_database.url_of("analytics"), tmp_path, "ingress") as (ingress,):
        rights = Rights()
        rights.reports = GrpcReports(ingress)  # type: ignore[assignment]  # the real one in the fake's place
        transport = httpx.ASGITransport(site_on(House(), Clock(), rights))
        async with httpx.AsyncClient(transport=transport, base_url="http://ingress") as client:
            yield client, ours, theirs


async def exported(client: httpx.AsyncClient, organization_id: UUID, **body: Any) -> httpx.Response:
    headers = bearer(organization_id, "org_admin")
    answer = await client.post("/api/v1/conversations/export", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def in_json(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of Parquet as JSON lines have them."""
    return [row | {"occurred_at": f"{row['occurred_at'].isoformat(timespec='microseconds')[:26]}Z"} for row in table]


async def test_parquet_has_every_record_that_json_lines_have(both: tuple[httpx.AsyncClient, UUID, UUID]) -> None:
    client, ours, _ = both
    headers = bearer(ours, "org_admin")

    lines = (await client.get("/api/v1/analytics/export", headers=headers)).text.splitlines()
    parquet = await client.get("/api/v1/analytics/export", params={"format": "parquet"}, headers=headers)

    told = [json.loads(line) for line in lines]
    assert len(told) == 3000
    assert in_json(pq.read_table(io.BytesIO(parquet.content)).to_pylist()) == told


async def test_an_organization_gets_what_was_said_to_itself_only(both: tuple[httpx.AsyncClient, UUID, UUID]) -> None:
    client, ours, theirs = both

    whole = (await exported(client, ours, format="jsonl")).text.splitlines()
    of_two = (await exported(client, ours, format="jsonl", phone_numbers=[PHONES[7], PHONES[2]])).text.splitlines()
    other = (await exported(client, theirs, format="csv", phone_numbers=PHONES)).text

    told = [json.loads(line) for line in whole]
    assert [line["text"] for line in told] == [f"ours diz {number}" for number in range(3000) if number % 3 < 2]
    spoken = {phone: [line for line in told if line["phone_number"] == phone] for phone in PHONES}
    assert [json.loads(line) for line in of_two] == spoken[PHONES[7]] + spoken[PHONES[2]]
    assert "ours diz" not in other
    assert other.count("theirs diz") == 34


async def test_a_pdf_tells_the_very_same_messages(both: tuple[httpx.AsyncClient, UUID, UUID]) -> None:
    client, ours, _ = both

    lines = (await exported(client, ours, format="jsonl", phone_numbers=PHONES[:5])).text.splitlines()
    pdf = (await exported(client, ours, format="pdf", phone_numbers=PHONES[:5])).content

    said = [line for line in lines_on(pdf) if line.startswith("ours diz")]
    assert said == [json.loads(line)["text"] for line in lines]
    assert len(said) == 250
