"""`pytake audit`: what was noted is told, and what does not hold is told with its place and exit status 1."""

import json
from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from services.chassis.audit import HOUSE, AuditEntry
from tests.unit.cli.conftest import Line
from tests.unit.cli.fake_house import NAMESPACE


def organization(line: Line, name: str) -> UUID:
    """An organization of the house; its id."""
    line.kept.put("organization", name, value=("America/Belem", ""))
    return uuid5(NAMESPACE, name)


def note(line: Line, room: str, organization_id: UUID, number: int, *, minute: int = 0) -> None:
    entry = AuditEntry(organization_id, "oven.light", f"oven:{number}", after=b"\xab" * 32, actor="user:7")
    line.kept.logs[room].append(entry, at=f"2026-03-04T12:{minute:02}:00.000000Z")


@pytest.fixture
def acme(line: Line) -> UUID:
    """An organization with three entries in router's chain and one in sender's, and one of the house in ingress'."""
    organization_id = organization(line, "acme")
    for number in (1, 2, 3):
        note(line, "router", organization_id, number, minute=number * 10)
    note(line, "sender", organization_id, 4, minute=25)
    note(line, "ingress", HOUSE, 5, minute=5)
    return organization_id


async def test_changes_of_all_rooms_and_organizations_are_listed_newest_first(line: Line, acme: UUID) -> None:
    result = await line.run("audit", "list")

    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "2026-03-04T12:30:00Z  acme  router 3  user:7  oven.light  oven:3",
        "2026-03-04T12:25:00Z  acme  sender 1  user:7  oven.light  oven:4",
        "2026-03-04T12:20:00Z  acme  router 2  user:7  oven.light  oven:2",
        "2026-03-04T12:10:00Z  acme  router 1  user:7  oven.light  oven:1",
        "2026-03-04T12:05:00Z  (the house)  ingress 1  user:7  oven.light  oven:5",
    ]


async def test_a_list_can_be_of_one_organization_and_one_room_as_json(line: Line, acme: UUID) -> None:
    note(line, "router", organization(line, "other"), 9)

    result = await line.run("audit", "list", "--organization", "acme", "--room", "router", "--limit", "1", "--json")

    (told,) = map(json.loads, result.output.splitlines())
    record = line.kept.logs["router"].chains[acme][2]
    assert told == {
        "room": "router",
        "organization_id": str(acme),
        "organization": "acme",
        "seq": 3,
        "at": "2026-03-04T12:30:00Z",
        "actor": "user:7",
        "action": "oven.light",
        "object": "oven:3",
        "entry": record.entry,
        "before_digest": None,
        "after_digest": "ab" * 32,
        "prev_hash": record.prev_hash.hex(),
        "hash": record.hash.hex(),
    }


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["list", "--room", "kitchen"], 2, "--room kitchen does not exist"),
        (["list", "--organization", "acne"], 1, "no organization is called 'acne'"),
        (["verify", "--organization", "acne"], 1, "no organization is called 'acne'"),
        (["verify", "--expect", "nowhere.jsonl"], 2, "cannot be read"),
    ],
)
async def test_what_does_not_exist_is_told(line: Line, arguments: list[str], status: int, sentence: str) -> None:
    result = await line.run("audit", *arguments)

    assert (result.exit_code, sentence in result.output) == (status, True)


async def test_chains_that_hold_are_told_with_their_last_hashes(line: Line, acme: UUID) -> None:
    line.kept.logs["router"].most = 2  # so that a chain of three takes more than one call

    result = await line.run("audit", "verify")

    logs = line.kept.logs
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"ingress    (the house): 1 entries, last hash {logs['ingress'].chains[HOUSE][-1].hash.hex()}",
        f"router     acme: 3 entries, last hash {logs['router'].chains[acme][-1].hash.hex()}",
        f"sender     acme: 1 entries, last hash {logs['sender'].chains[acme][-1].hash.hex()}",
        "5 entries in 3 chains; every chain holds",
    ]


async def test_a_chain_that_was_tampered_with_is_named_and_the_others_are_told_all_the_same(
    line: Line, acme: UUID
) -> None:
    chain = line.kept.logs["router"].chains[acme]
    chain[1] = replace(chain[1], object="oven:99")

    result = await line.run("audit", "verify")

    assert result.exit_code == 1
    assert f"router, organization acme ({acme}): entry 2: the columns are not what the entry says" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "sender     acme: 1 entries" in result.stdout


@pytest.fixture
async def kept(line: Line, acme: UUID) -> str:
    """A file with what an earlier look told."""
    result = await line.run("audit", "verify", "--json")
    assert result.exit_code == 0
    return line.write(result.stdout, "kept.jsonl")


async def test_a_chain_that_grew_since_its_last_hash_was_kept_holds(line: Line, acme: UUID, kept: str) -> None:
    note(line, "router", acme, 6)

    result = await line.run("audit", "verify", "--expect", kept)

    assert result.exit_code == 0
    assert "6 entries in 3 chains; every chain holds" in result.output


async def test_a_chain_whose_end_was_cut_off_is_found_by_the_hash_that_was_kept(
    line: Line, acme: UUID, kept: str
) -> None:
    del line.kept.logs["router"].chains[acme][1:]
    del line.kept.logs["sender"].chains[acme]

    assert (await line.run("audit", "verify")).exit_code == 0
    result = await line.run("audit", "verify", "--expect", kept)

    assert result.exit_code == 1
    assert [line.partition("): ")[2] for line in result.stderr.splitlines()] == [
        "entry 2: the end was cut off: entry 3 was there once",
        "entry 1: the end was cut off: entry 1 was there once",
    ]


async def test_a_chain_written_anew_is_found_by_the_hash_that_was_kept(line: Line, acme: UUID, kept: str) -> None:
    del line.kept.logs["router"].chains[acme]
    for number in (7, 8, 9, 10):
        note(line, "router", acme, number)

    assert (await line.run("audit", "verify")).exit_code == 0
    result = await line.run("audit", "verify", "--expect", kept)

    assert (result.exit_code, "entry 3: its hash is not the one that was kept" in result.stderr) == (1, True)


async def test_the_chains_of_an_organization_that_is_gone_are_still_expected(line: Line, acme: UUID, kept: str) -> None:
    del line.kept.values["organization", "acme"]
    assert (await line.run("audit", "verify", "--expect", kept)).exit_code == 0

    line.kept.logs["router"].chains.clear()
    result = await line.run("audit", "verify", "--expect", kept)

    assert result.exit_code == 1
    assert f"router, organization ? ({acme}): entry 1: the end was cut off" in result.stderr


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"room": "router"}',
        '{"room": "router", "organization_id": "x", "seq": 1, "hash": "zz"}',
        '{"room": "kitchen", "organization_id": "x", "seq": 1, "hash": "00"}',
    ],
)
async def test_a_file_that_no_verify_wrote_is_wrong_input(line: Line, text: str) -> None:
    result = await line.run("audit", "verify", "--expect", line.write(text, "kept.jsonl"))

    assert (result.exit_code, "kept.jsonl:1" in result.output) == (2, True)
