"""`pytake secrets`: rotating, and knowing when it is over."""

import base64
import json
from pathlib import Path

import pytest

from services.chassis.logs import Redactor
from services.chassis.sealing import key_id_of
from services.embedded.keys import (
    load_or_create_secrets,
    note_secrets_in_use,
    read_sealing_keys,
    secrets_in_use,
    write_sealing_keys,
)
from tests.unit.cli.conftest import Line, acme

KEYS = [base64.b64encode(bytes([number]) * 32).decode() for number in range(3)]
NEW, OLD, LOST = (key_id_of(base64.b64decode(key)).hex() for key in KEYS)


@pytest.fixture
def rotating(line: Line) -> Line:
    """A house that has been restarted with a new key ahead of the old one; sender has values under both."""
    write_sealing_keys(line.data / "secrets", KEYS[:2])
    line.kept.key_ids = [NEW, OLD]
    line.kept.sealed = {"ingress": {NEW: 6}, "sender": {NEW: 1, OLD: 5}}
    return line


async def test_status_tells_what_lies_under_which_key(rotating: Line) -> None:
    rotating.kept.sealed["ingress"][LOST] = 1

    told = (await rotating.run("secrets", "status")).output.splitlines()
    asked = [json.loads(line) for line in (await rotating.run("secrets", "status", "--json")).output.splitlines()]

    assert [line.split(maxsplit=4) for line in told] == [
        ["ingress.table.column", "6", "under", NEW, "(active)"],
        ["ingress.table.column", "1", "under", LOST, "(unknown: these do not open)"],
        ["sender.table.column", "1", "under", NEW, "(active)"],
        ["sender.table.column", "5", "under", OLD, "(old)"],
    ]
    assert asked[3] == {"place": "sender.table.column", "count": 5, "key_id": OLD, "key": "old"}


async def test_rotating_puts_a_new_key_ahead_and_says_what_comes_next(line: Line) -> None:
    (before,) = read_sealing_keys(line.data / "secrets")

    result = await line.run("secrets", "rotate")

    new, old = read_sealing_keys(line.data / "secrets")
    assert (result.exit_code, old) == (0, before)
    assert len(base64.b64decode(new)) == 32
    assert "start it again" in result.output
    assert new not in result.output
    assert json.loads((line.data / "secrets" / "secrets.json").read_text())["SECRET_KEY"]


async def test_resealing_goes_on_until_nothing_is_left(rotating: Line) -> None:
    rotating.kept.sealed["ingress"][LOST] = 3

    result = await rotating.run("secrets", "reseal")

    assert result.output.splitlines() == [
        "ingress: 0 moved, 3 do not open and stay",
        "executor: 0 moved",
        "sender: 5 moved",
    ]
    assert rotating.kept.sealed["sender"] == {NEW: 6, OLD: 0}


async def test_an_old_key_is_kept_while_a_value_needs_it(rotating: Line) -> None:
    result = await rotating.run("secrets", "retire")

    assert (result.exit_code, "5 values of sender" in result.output) == (1, True)
    assert read_sealing_keys(rotating.data / "secrets") == KEYS[:2]


async def test_an_old_key_goes_when_nothing_needs_it(rotating: Line) -> None:
    await rotating.run("secrets", "reseal")

    result = await rotating.run("secrets", "retire")

    assert result.exit_code == 0, result.output
    assert read_sealing_keys(rotating.data / "secrets") == KEYS[:1]
    assert (await rotating.run("secrets", "retire")).exit_code == 1


async def test_a_key_that_the_services_do_not_have_yet_retires_no_other(rotating: Line) -> None:
    rotating.kept.sealed = {"ingress": {OLD: 6}, "sender": {OLD: 1}}
    rotating.kept.key_ids = [OLD]

    result = await rotating.run("secrets", "retire")

    assert (result.exit_code, "start it again first" in result.output) == (1, True)
    assert read_sealing_keys(rotating.data / "secrets") == KEYS[:2]


@pytest.mark.parametrize("command", ["rotate", "retire"])
async def test_keys_of_the_environment_are_changed_where_they_are(
    rotating: Line, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_secrets_in_use(rotating.data / "secrets", {"SEALING_KEYS": KEYS[2]})
    noted = await rotating.run("secrets", command)
    note_secrets_in_use(rotating.data / "secrets", {})
    monkeypatch.setenv("SEALING_KEYS", KEYS[2])
    given = await rotating.run("secrets", command)

    assert [(it.exit_code, "comes from the environment" in it.output) for it in (noted, given)] == [(1, True)] * 2
    assert read_sealing_keys(rotating.data / "secrets") == KEYS[:2]


async def test_a_folder_without_a_house_gets_no_secrets(line: Line, tmp_path: Path) -> None:
    line.data = tmp_path / "empty"
    line.data.mkdir()

    results = [await line.run("secrets", *command) for command in (("rotate",), ("alias", "5511987654321"))]

    assert [result.exit_code for result in results] == [1, 1]
    assert list(line.data.iterdir()) == []


async def test_a_rotation_of_an_app_is_ended_by_name(line: Line) -> None:
    await line.run("apply", line.write(acme()))

    results = [await line.run("secrets", "end", "main", "--organization", "acme") for _ in range(2)]

    assert [result.output.strip() for result in results] == [
        "main: its previous secret is believed no longer",
        "main: its previous secret is not there",
    ]
    assert (await line.run("secrets", "end", "main", "--organization", "nobody")).exit_code == 1


async def test_a_person_is_named_as_the_logs_do(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    key = load_or_create_secrets(line.data / "secrets")["LOG_SECRET"]
    told = await line.run("secrets", "alias", "+55 11 98765-4321")
    monkeypatch.setenv("LOG_SECRET", "another house's")
    elsewhere = await line.run("secrets", "alias", "5511987654321")

    assert told.output.strip() == Redactor(key.encode()).alias("5511987654321")
    assert elsewhere.output.strip() == Redactor(b"another house's").alias("5511987654321")
    assert (await line.run("secrets", "alias", "12")).exit_code == 2


def test_sealing_keys_are_written_beside_the_other_secrets(tmp_path: Path) -> None:
    before = load_or_create_secrets(tmp_path)

    write_sealing_keys(tmp_path, KEYS)

    assert read_sealing_keys(tmp_path) == KEYS
    assert secrets_in_use(tmp_path) == before | {"SEALING_KEYS": ",".join(KEYS)}
