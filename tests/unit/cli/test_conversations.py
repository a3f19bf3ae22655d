"""`pytake conversations export`: what was said, in four forms."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from services.pb.analytics.v1 import analytics_pb2
from tests.fixtures.paper import lines_on
from tests.unit.cli.conftest import Line

ACME = ("conversations", "export", "--organization", "acme")
ANA, RUI = "5511987654321", "5521912345678"
CONTACT, BOT = analytics_pb2.RECORD_KIND_CONTACT_MESSAGE, analytics_pb2.RECORD_KIND_BOT_MESSAGE


@pytest.fixture
def log(line: Line) -> Line:
    """Messages of two contacts, and a delivery."""
    line.kept.put("organization", "acme", value=("America/Belem", ""))
    line.kept.log_pages[:] = [
        [_record(1, CONTACT, "olá", ANA), _record(2, BOT, "=1+1", ANA)],
        [_record(3, analytics_pb2.RECORD_KIND_DELIVERY, "", ANA), _record(4, CONTACT, "tchau", RUI)],
    ]
    return line


def _record(number: int, kind: analytics_pb2.RecordKind.ValueType, text: str, phone: str) -> analytics_pb2.Record:
    return analytics_pb2.Record(
        record_id=f"record-{number}", occurred_at_us=1_772_630_311_000_000 + number, kind=kind, text=text,
        phone_number=phone,
    )  # fmt: skip


async def test_what_was_said_is_written_and_counted(log: Line, tmp_path: Path) -> None:
    out = tmp_path / "said.jsonl"

    result = await log.run(*ACME, "--out", str(out), "--json", "--since", "2026-03-01")

    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(line["speaker"], line["text"]) for line in lines] == [("user", "olá"), ("bot", "=1+1"), ("user", "tchau")]
    assert json.loads(result.stderr) == {"messages": 3, "bytes": out.stat().st_size, "format": "jsonl"}
    assert log.kept.log_requests[0].since.ToJsonString() == "2026-03-01T00:00:00Z"
    assert out.stat().st_mode & 0o077 == 0


async def test_only_those_contacts_are_written_that_are_named(log: Line, tmp_path: Path) -> None:
    out = tmp_path / "said.parquet"

    await log.run(*ACME, "--format", "parquet", "--phone", "+55 21 91234-5678", "--phone", ANA, "--out", str(out))

    assert pq.read_table(out).column("text").to_pylist() == ["tchau", "olá", "=1+1"]


async def test_a_pdf_has_the_organizations_name_and_time(log: Line, tmp_path: Path) -> None:
    out = tmp_path / "said.pdf"

    await log.run(*ACME, "--format", "pdf", "--out", str(out))

    lines = lines_on(out.read_bytes())
    assert lines[0] == "Conversations of acme"
    assert lines[lines.index("+55 11 98765-4321") :][:4] == [
        "+55 11 98765-4321", "2026-03-04 10:18:31", "Contact", "olá",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--phone", "Ana"), 2, "--phone must be a phone number"),
        (("--flow", "0b8e4a4e-7a0c-4a44-9a53-8f3e7f5f1c11"), 1, "no flow has this flow_id"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(log: Line, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = await log.run(*ACME, *arguments)

    assert result.exit_code == code
    assert said in result.output
