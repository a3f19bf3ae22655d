"""`pytake user` and `pytake api-key`."""

import json

import pytest
from typer.testing import CliRunner

from services.cli.app import app
from tests.unit.cli.conftest import Line, acme

HERE = ("--organization", "acme")


@pytest.fixture
async def house(line: Line) -> Line:
    await line.run("apply", line.write(acme()))
    return line


async def test_a_user_with_a_password_from_standard_input_is_added(house: Line) -> None:
    added = await house.run(
        "user", "add", "ana@example.com", *HERE, "--role", "agent", "--with-password", said="três tigres tristes\n"
    )

    assert (added.exit_code, added.output) == (0, "new       ana@example.com\n")
    assert [value[2] for key, value in house.kept.values.items() if "user" in key] == ["três tigres tristes"]


async def test_a_user_without_a_password_is_invited_and_the_token_is_printed_once(house: Line) -> None:
    command = ("user", "add", "rui@example.com", *HERE, "--role", "agent")

    first, second = await house.run(*command), await house.run(*command)

    assert first.output.splitlines() == [
        "new       rui@example.com",
        "invitation_token pti_for_rui@example.com (told this once)",
    ]
    assert second.output == "unchanged rui@example.com\n"


async def test_users_and_invitations_are_listed(house: Line) -> None:
    await house.run("user", "add", "ana@example.com", *HERE, "--role", "agent", "--with-password", said="x\n")
    await house.run("user", "add", "rui@example.com", *HERE, "--role", "viewer")

    told, as_json = await house.run("user", "list", *HERE), await house.run("user", "list", *HERE, "--json")

    assert told.output.splitlines() == [
        "ana@example.com  agent",
        "rui@example.com  viewer, invited until 2026-03-11T12:00:00Z",
    ]
    assert [json.loads(line)["email"] for line in as_json.output.splitlines()] == ["ana@example.com", "rui@example.com"]
    assert "x" not in json.loads(as_json.output.splitlines()[0]).values()


async def test_a_user_is_unlocked_and_gets_another_password(house: Line) -> None:
    await house.run("user", "add", "ana@example.com", *HERE, "--role", "agent", "--with-password", said="x\n")

    unlocked = await house.run("user", "unlock", "ana@example.com", *HERE)
    changed = await house.run("user", "set-password", "ana@example.com", *HERE, said="um prato de trigo\n")

    assert (unlocked.output, changed.output) == ("unlocked  ana@example.com\n", "changed   ana@example.com\n")
    assert [value[2] for key, value in house.kept.values.items() if "user" in key] == ["um prato de trigo"]


async def test_an_unknown_user_and_an_empty_password_are_one_sentence(house: Line) -> None:
    unknown = await house.run("user", "unlock", "nobody@example.com", *HERE)
    empty = await house.run("user", "set-password", "ana@example.com", *HERE, said="")

    assert (unknown.exit_code, unknown.output) == (1, "pytake: no user has this id or e-mail here\n")
    assert (empty.exit_code, empty.output) == (2, "pytake: standard input is empty; write the password there\n")


async def test_a_key_is_created_listed_and_revoked(house: Line) -> None:
    command = ("api-key", "create", "till", *HERE, "--scope", "flows:read", "--scope", "users:read")

    created, again = await house.run(*command), await house.run(*command)
    listed = await house.run("api-key", "list", *HERE, "--json")
    revoked, unknown = [await house.run("api-key", "revoke", "till", *HERE) for _ in range(2)]

    assert created.output.splitlines() == ["new       till", "key ptk_for_till (told this once)"]
    assert again.output == "unchanged till\n"
    assert json.loads(listed.output)["scopes"] == ["flows:read", "users:read"]
    assert "ptk_" not in listed.output
    assert (revoked.output, unknown.exit_code) == ("revoked   till\n", 1)


async def test_a_password_is_no_option(house: Line) -> None:
    refused = await house.run("user", "set-password", "ana@example.com", *HERE, "--password", "x")

    assert refused.exit_code == 2


@pytest.mark.parametrize("group", ["user", "api-key"])
def test_a_group_lists_its_commands(group: str) -> None:
    told = CliRunner().invoke(app, [group, "--help"]).output

    assert "list" in told
