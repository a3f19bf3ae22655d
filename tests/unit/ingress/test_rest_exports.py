"""POST /api/v1/conversations/export: what was said, as a file in four forms."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pyarrow.parquet as pq
import pytest

from services.ingress.domain.conversation import Flow
from services.ingress.domain.log_files import MESSAGES
from services.ingress.files import conversations
from tests.fakes.ingress_analytics import ScriptedReports, log_record
from tests.fakes.ingress_peers import MORNING
from tests.fixtures.paper import lines_on
from tests.fixtures.rest import Asker, asking

FLOW = UUID("4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11")
PATH = "/api/v1/conversations/export"
ANA, RUI = "5511987654321", "5521912345678"


@pytest.fixture
async def admin() -> AsyncIterator[Asker]:
    """Who may take the log along, of an organization with two contacts' messages on two pages."""
    async with asking() as asker:
        asker.house.flows[asker.organization_id] = [Flow(str(FLOW), "Bolos", 3, MORNING)]
        place: dict[str, str | int] = {"flow_id": str(FLOW), "flow_version": 3}
        asker.rights.reports.pages = [
            [
                log_record(kind="contact_message", text="=1+1", phone_number=ANA, **place),
                log_record(kind="delivery", status="read", phone_number=ANA, **place),
                log_record(kind="bot_message", text="segunda", phone_number=ANA, sequence=10, **place),
            ],
            [
                log_record(kind="bot_message", text="primeira", phone_number=ANA, sequence=9, **place),
                log_record(kind="contact_message", text="você", phone_number=RUI, occurred_at=LATER, **place),
            ],
        ]
        yield asker


LATER = "2026-03-04T13:20:00.000000Z"


async def test_what_was_said_is_told_in_order_and_nothing_else(admin: Asker) -> None:
    answer = await admin.post(PATH, {"format": "jsonl"})

    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="conversations.jsonl"'
    assert [(row["speaker"], row["text"], row["phone_number"]) for row in rows] == [
        ("user", "=1+1", ANA), ("bot", "primeira", ANA), ("bot", "segunda", ANA), ("user", "você", RUI),
    ]  # fmt: skip
    assert list(rows[0]) == list(MESSAGES)
    assert rows[0]["flow_name"] == "Bolos"


async def test_the_forms_agree(admin: Asker) -> None:
    lines = (await admin.post(PATH, {"format": "jsonl"})).text.splitlines()
    table = await admin.post(PATH, {"format": "csv"})
    parquet = await admin.post(PATH, {"format": "parquet"})

    told = [json.loads(line) for line in lines]
    header, *rows = csv.reader(io.StringIO(table.text, newline=""))
    assert header == list(MESSAGES)
    assert [row[header.index("text")] for row in rows] == ["'=1+1", *(row["text"] for row in told[1:])]
    assert parquet.headers["content-type"] == "application/vnd.apache.parquet"
    read = pq.read_table(io.BytesIO(parquet.content)).to_pylist()
    assert [row | {"occurred_at": ""} for row in read] == [row | {"occurred_at": ""} for row in told]
    assert read[0]["occurred_at"] == datetime(2026, 3, 4, 13, 18, 31, tzinfo=UTC)


async def test_a_pdf_tells_it_to_people(admin: Asker) -> None:
    answer = await admin.post(PATH, {"format": "pdf", "since": "2026-03-01T00:00:00Z"})

    assert answer.headers["content-type"] == "application/pdf"
    lines = lines_on(answer.content)
    assert lines[0] == "Conversations of Padaria"
    assert lines[lines.index("+55 21 91234-5678") :][:5] == [
        "+55 21 91234-5678", "Flow Bolos, version 3", "2026-03-04 10:20:00", "Contact", "você",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["jsonl", "pdf"])
async def test_contacts_come_as_they_are_asked_for_and_each_once(admin: Asker, form: str) -> None:
    numbers = ["+55 21 91234-5678", ANA, RUI]

    answer = await admin.post(PATH, {"format": form, "phone_numbers": numbers})

    if form == "pdf":
        headings = [line for line in lines_on(answer.content) if line.startswith("+55")]
        assert headings == ["+55 21 91234-5678", "+55 11 98765-4321"]
    else:
        spoken = [json.loads(line)["phone_number"] for line in answer.text.splitlines()]
        assert spoken == [RUI, ANA, ANA, ANA]


async def test_what_is_asked_for_is_what_analytics_is_asked(admin: Asker) -> None:
    asked = {"format": "jsonl", "flow_id": str(FLOW), "since": "2026-03-01T00:00:00-03:00", "until": "2026-04-01T00:00"}

    await admin.post(PATH, asked)

    since, until = datetime(2026, 3, 1, 3, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    assert admin.rights.reports.asked[0] == ("records", admin.organization_id, FLOW, (since, until))


async def test_a_pdf_that_would_be_too_long_is_refused_by_name(admin: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST_MESSAGES", 3)

    answer = await admin.post(PATH, {"format": "pdf"})

    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    (error,) = answer.json()["errors"]
    assert error["field"] == "until"
    assert "a PDF holds at most 10,000 messages and 2,000,000 characters" in error["message"]
    assert "since and until" in error["message"]
    assert (await admin.post(PATH, {"format": "csv"})).status_code == 200


async def test_nobody_keeps_all_others_waiting_for_their_pdf(admin: Asker) -> None:
    somebody = admin.in_role("org_admin", organization_id=uuid4())

    mine = asyncio.gather(*(admin.post(PATH, {"format": "pdf"}) for _ in range(conversations.MOST_PDFS + 2)))
    theirs = asyncio.create_task(somebody.post(PATH, {"format": "pdf"}))

    answers = await mine
    assert sorted(answer.status_code for answer in answers) == [200] * conversations.MOST_PDFS + [503] * 2
    assert {answer.json()["error_code"] for answer in answers if answer.status_code == 503} == {"RATE_LIMITED"}
    assert (await theirs).status_code == 200
    assert (await admin.post(PATH, {"format": "pdf"})).status_code == 200


async def test_very_long_messages_are_counted_too(admin: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST_CHARACTERS", 10)

    assert (await admin.post(PATH, {"format": "pdf"})).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "format"),
        ({"format": "xls"}, "format"),
        ({"format": "csv", "phone_numbers": []}, "phone_numbers"),
        ({"format": "csv", "phone_numbers": [ANA] * 101}, "phone_numbers"),
        ({"format": "csv", "phone_numbers": ["Ana"]}, "phone_numbers.0"),
        ({"format": "csv", "phone_number": ANA}, "phone_number"),
        ({"format": "csv", "since": "yesterday"}, "since"),
        ({"format": "csv", "since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"format": "csv", "flow_id": "Bolos"}, "flow_id"),
    ],
)
async def test_what_is_wrong_is_told_by_field_and_nothing_is_given(
    admin: Asker, body: dict[str, object], field: str
) -> None:
    answer = await admin.post(PATH, body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert admin.rights.reports.asked == []


@pytest.mark.parametrize("form", ["csv", "pdf"])
async def test_a_flow_of_somebody_else_is_not_found(form: str) -> None:
    async with asking() as asker:
        asker.house.flows[uuid4()] = [Flow(str(FLOW), "Bolos", 3, MORNING)]

        answer = await asker.post(PATH, {"format": form, "flow_id": str(FLOW)})

        assert (answer.status_code, answer.json()["error_code"]) == (404, "FLOW_NOT_FOUND")
        assert asker.rights.reports.asked == []


@pytest.mark.parametrize("role", ["viewer", "agent", "supervisor"])
async def test_conversations_are_taken_along_by_who_may_take_the_log(role: str) -> None:
    async with asking(role=role) as asker:
        assert (await asker.post(PATH, {"format": "csv"})).status_code == 403


async def test_an_export_takes_no_idempotency_key(admin: Asker) -> None:
    headers = admin.headers | {"idempotency-key": "again"}
    reports: ScriptedReports = admin.rights.reports

    for _ in range(2):
        answer = await admin.client.post(PATH, json={"format": "jsonl"}, headers=headers)
        assert "idempotency-replayed" not in answer.headers

    assert len(reports.asked) == 4
    assert admin.rights.answers.kept == {}
