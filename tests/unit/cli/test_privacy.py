"""`pytake privacy`: people's rights from the command line."""

import asyncio
import json
from uuid import uuid4, uuid5

import pytest

from services.ingress.domain.privacy import Answer
from services.ingress.privacy.ports import ExportedPage, ExportedRow
from tests.fakes.ingress_privacy import person_of
from tests.unit.cli.conftest import Line
from tests.unit.cli.fake_house import NAMESPACE
from tests.unit.cli.fake_privacy import FakeRights

ANA = "5581900000001"
ORGANIZATION = ("--organization", "acme")


@pytest.fixture
def rights(line: Line) -> FakeRights:
    """An organization in which Ana is known."""
    line.kept.put("organization", "acme", value=("America/Belem", ""))
    line.kept.rights.register.people.append(person_of(ANA))
    return line.kept.rights


async def test_an_erasure_begins_and_is_told_as_it_stands(line: Line, rights: FakeRights) -> None:
    result = await line.run("privacy", "erase", *ORGANIZATION, "--phone", ANA)

    (job,) = rights.jobs.jobs.values()
    assert result.exit_code == 0
    assert result.output == f"erasure {job.job_id}: open, asked for 2026-03-04T12:00:00Z\n"
    assert ANA not in result.output


async def test_who_waits_for_an_erasure_gets_its_report(line: Line, rights: FakeRights) -> None:
    rights.rooms["router"].answers = [Answer(counts={"router.contact": 1, "router.conversation": 2})]
    running = asyncio.create_task(line.run("privacy", "erase", *ORGANIZATION, "--phone", ANA, "--wait", "--json"))
    async with asyncio.timeout(30):
        while not running.done():
            await asyncio.sleep(0.01)
            await rights.work()

    # The worker's log goes to the same output in this test.
    told = json.loads(running.result().output.splitlines()[-1])
    assert (told["kind"], told["state"], told["report"]["looks"]) == ("erasure", "done", 2)
    assert told["report"]["rows"] == {"router": {"router.contact": 1, "router.conversation": 2}}
    assert ANA not in running.result().output


async def test_reports_are_listed_with_their_rows(line: Line, rights: FakeRights) -> None:
    rights.rooms["sender"].answers = [Answer(counts={"sender.message": 3})]
    await line.run("privacy", "erase", *ORGANIZATION, "--phone", ANA)
    await rights.work()
    (job,) = rights.jobs.jobs.values()

    listed = await line.run("privacy", "report", *ORGANIZATION)
    one = await line.run("privacy", "report", *ORGANIZATION, "--job", job.job_id)

    assert listed.output == one.output
    assert listed.output.splitlines() == [
        f"erasure {job.job_id}: done, asked for 2026-03-04T12:00:00Z, done 2026-03-04T12:00:00Z",
        "  sender     sender.message: 3",
    ]


async def test_an_erasure_that_cannot_go_on_says_why(line: Line, rights: FakeRights) -> None:
    rights.rooms["executor"].answers = [Answer(waiting_for="events or replies that are being worked on")]
    await line.run("privacy", "erase", *ORGANIZATION, "--phone", ANA)
    await rights.work()

    result = await line.run("privacy", "report", *ORGANIZATION)

    assert result.output.endswith(", waits for executor: events or replies that are being worked on\n")


async def test_an_export_is_written_as_lines_of_json_that_only_the_owner_may_read(
    line: Line, rights: FakeRights
) -> None:
    rights.rooms["router"].pages = [
        ExportedPage([ExportedRow("contact", b'{"name":"Ana"}')], "1:0"),
        ExportedPage([ExportedRow("conversation", b'{"owner":"bot"}')]),
    ]
    out = line.data / "export.jsonl"

    result = await line.run("privacy", "export", *ORGANIZATION, "--phone", ANA, "--out", str(out))

    assert (result.exit_code, result.output) == (0, "")
    *rows, last = map(json.loads, out.read_text().splitlines())
    assert rows == [
        {"room": "router", "kind": "contact", "data": {"name": "Ana"}},
        {"room": "router", "kind": "conversation", "data": {"owner": "bot"}},
    ]
    assert (last["kind"], last["data"]["rows"]["router"]) == ("report", {"contact": 1, "conversation": 1})
    assert out.stat().st_mode & 0o777 == 0o600


async def test_an_export_goes_to_standard_output_without_a_file(line: Line, rights: FakeRights) -> None:
    result = await line.run("privacy", "export", *ORGANIZATION, "--phone", ANA)

    assert json.loads(result.output)["kind"] == "report"


async def test_retention_is_set_and_said(line: Line, rights: FakeRights) -> None:
    said = [
        (await line.run("privacy", "retention", *ORGANIZATION, "--days", days)).output for days in ("90", "90", "0")
    ]

    assert said == [
        "acme keeps things for 90 days\n",
        "acme keeps things for 90 days, as before\n",
        "acme keeps things for good\n",
    ]
    assert rights.retention_days == {str(uuid5(NAMESPACE, "acme")): 0}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["erase", "--phone", "5500"], "pytake: nobody\n"),
        (["export", "--phone", "5500"], "pytake: nobody\n"),
        (["report", "--job", str(uuid4())], "pytake: no erasure, export or retention has this id; list them first\n"),
        (["retention", "--days", "3"], "pytake: days is too few; use 9 or more, or 0\n"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(
    line: Line, rights: FakeRights, arguments: list[str], sentence: str
) -> None:
    result = await line.run("privacy", *arguments, *ORGANIZATION)

    assert (result.exit_code, result.output) == (1, sentence)


async def test_a_file_that_cannot_be_written_is_named(line: Line, rights: FakeRights) -> None:
    result = await line.run("privacy", "export", *ORGANIZATION, "--phone", ANA, "--out", str(line.data / "no" / "file"))

    assert result.exit_code != 0
    assert "cannot be written" in result.output
