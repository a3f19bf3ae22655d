"""Webhooks in apply's files, and `pytake webhooks`."""

import json

import pytest

from tests.unit.cli.conftest import Line, acme

HERE = ("--organization", "acme")
CRM = {"name": "crm", "url": "https://crm.example.com/pytake", "events": ["message.failed", "message.delivered"]}
SECRET = "s" * 16


def file_of(line: Line, *webhooks: object, **changes: object) -> str:
    return line.write(acme(webhooks=list(webhooks), triggers=None, **changes))


async def test_a_webhook_of_a_file_is_put_once_and_its_secret_told_once(line: Line) -> None:
    file = file_of(line, CRM)
    first, second = await line.run("apply", file), await line.run("apply", file)
    assert "new       acme: webhook crm" in first.output
    assert "made" in first.output
    assert second.output.splitlines()[-1] == "nothing to change"
    ((webhook, secret),) = [value for key, value in line.kept.values.items() if "webhook" in key]
    assert (webhook.url, list(webhook.events), webhook.is_active, secret) == (
        CRM["url"], ["message.delivered", "message.failed"], True, "made",
    )  # fmt: skip


async def test_a_secret_is_taken_from_the_environment_and_never_printed(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_SECRET", SECRET)
    result = await line.run("apply", file_of(line, CRM | {"secret": "${CRM_SECRET}", "active": False}))
    assert SECRET not in result.output
    ((webhook, secret),) = [value for key, value in line.kept.values.items() if "webhook" in key]
    assert (webhook.is_active, secret) == (False, SECRET)


async def test_a_dry_run_tells_what_would_become_of_webhooks_and_puts_none(line: Line) -> None:
    new = await line.run("apply", file_of(line, CRM), "--dry-run")
    assert "new       acme: webhook crm" in new.output
    assert line.kept.puts == 0
    await line.run("apply", file_of(line, CRM))
    puts = line.kept.puts
    same = await line.run("apply", file_of(line, CRM), "--dry-run")
    changed = await line.run("apply", file_of(line, CRM | {"url": "https://crm.example.com/new"}), "--dry-run")
    assert "unchanged acme: webhook crm" in same.output or same.output.splitlines()[-1] == "nothing to change"
    assert "changed   acme: webhook crm" in changed.output
    assert line.kept.puts == puts


@pytest.mark.parametrize(
    ("webhook", "words"),
    [
        ({"name": "crm"}, "webhooks[0].url"),
        (CRM | {"events": ["message.deliverd"]}, "did you mean message.delivered?"),
        (CRM | {"secret": "short"}, "webhooks[0].secret has 5 characters"),
        (CRM | {"adress": "x"}, "webhooks[0].adress"),
        (CRM | {"url": "http://crm.example.com"}, "webhook 'crm': url cannot be called"),
    ],
)
async def test_what_no_webhook_can_be_is_told_before_anything_changes(
    line: Line, webhook: dict[str, object], words: str
) -> None:
    result = await line.run("apply", file_of(line, webhook))
    assert result.exit_code == 2
    assert words in result.output
    assert line.kept.puts == 0


async def test_two_webhooks_need_two_names(line: Line) -> None:
    result = await line.run("apply", file_of(line, CRM, CRM))
    assert (result.exit_code, "each needs its own" in result.output) == (2, True)


async def test_a_webhook_is_put_listed_and_deleted(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    command = ("webhooks", "put", "crm", "https://crm.example.com", *HERE, "--event", "message.failed")

    dry, made, again = await line.run(*command, "--dry-run"), await line.run(*command), await line.run(*command)
    stopped = await line.run(*command, "--inactive")
    listed, as_json = await line.run("webhooks", "list", *HERE), await line.run("webhooks", "list", *HERE, "--json")
    deleted, unknown = [await line.run("webhooks", "delete", "crm", *HERE) for _ in range(2)]

    assert dry.output == "new       crm\n"
    assert made.output.splitlines() == ["new       crm", "secret made (told this once)"]
    assert (again.output, stopped.output.splitlines()[0]) == ("unchanged crm\n", "changed   crm")
    assert listed.output == "crm  https://crm.example.com  message.failed, inactive\n"
    assert json.loads(as_json.output)["events"] == ["message.failed"]
    assert deleted.output == "deleted   crm\n"
    assert (unknown.exit_code, "has no webhook 'crm'" in unknown.output) == (1, True)


async def test_a_secret_of_ones_own_comes_from_standard_input(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    command = ("webhooks", "put", "crm", "https://crm.example.com", *HERE, "--with-secret")
    made, empty = await line.run(*command, said=f"{SECRET}\n"), await line.run(*command, said="")
    assert made.output == "new       crm\n"
    assert (empty.exit_code, "standard input is empty" in empty.output) == (2, True)
    ((_, secret),) = [value for key, value in line.kept.values.items() if "webhook" in key]
    assert secret == SECRET
