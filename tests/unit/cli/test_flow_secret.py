"""`pytake flow secret` and `secrets:` of apply files: values go in, and nobody tells them."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Line, acme

VALUE = "hazel-4471-key"


@pytest.fixture
async def shop(line: Line) -> Line:
    """A house with an organization."""
    await line.run("apply", line.write(acme()))
    return line


def stored(line: Line) -> dict[str, object]:
    return {key[-1]: value for key, value in line.kept.values.items() if key[1:2] == ("secret",)}


async def test_a_secret_comes_from_the_input_without_its_line_break(shop: Line) -> None:
    result = await shop.run("flow", "secret", "put", "STOCK", "--organization", "acme", said=f"{VALUE}\n")

    assert (result.exit_code, result.output) == (0, "stored    STOCK\n")
    assert stored(shop) == {"STOCK": VALUE}


async def test_a_secret_comes_from_a_file_and_the_same_again_changes_nothing(shop: Line, tmp_path: Path) -> None:
    file = tmp_path / "value.txt"
    file.write_text(VALUE)
    put = ("flow", "secret", "put", "STOCK", "--organization", "acme", "--file", str(file))

    assert (await shop.run(*put)).output == "stored    STOCK\n"
    assert (await shop.run(*put)).output == "unchanged STOCK\n"


async def test_a_file_that_is_not_there_is_wrong_input(shop: Line, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    result = await shop.run("flow", "secret", "put", "STOCK", "--organization", "acme", "--file", missing)

    assert result.exit_code == 2
    assert "cannot be read" in result.output


async def test_secrets_are_listed_by_name_only_and_deleted(shop: Line) -> None:
    for name in ("STOCK", "MODEL"):
        await shop.run("flow", "secret", "put", name, "--organization", "acme", said=VALUE)

    listed = await shop.run("flow", "secret", "list", "--organization", "acme")
    assert [line.split()[0] for line in listed.output.splitlines()] == ["MODEL", "STOCK"]
    shown = await shop.run("flow", "secret", "list", "--organization", "acme", "--json")
    assert [json.loads(line)["name"] for line in shown.output.splitlines()] == ["MODEL", "STOCK"]
    assert VALUE not in listed.output + shown.output

    assert (await shop.run("flow", "secret", "delete", "STOCK", "--organization", "acme")).exit_code == 0
    again = await shop.run("flow", "secret", "delete", "STOCK", "--organization", "acme")
    assert (again.exit_code, "no secret STOCK" in again.output) == (1, True)
    assert stored(shop) == {"MODEL": VALUE}


async def test_apply_stores_secrets_from_the_environment_and_prints_none(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_STOCK_KEY", VALUE)
    file = line.write(acme(secrets=[{"name": "STOCK", "value": "${ACME_STOCK_KEY}"}]))
    ahead = await line.run("apply", file, "--dry-run")
    first = await line.run("apply", file)
    second = await line.run("apply", file)

    assert "new       acme: secret STOCK" in ahead.output
    assert "new       acme: secret STOCK" in first.output
    assert second.output.splitlines()[-1] == "nothing to change"
    assert VALUE not in ahead.output + first.output + (line.data / "secrets" / "applied.json").read_text()
    assert stored(line) == {"STOCK": VALUE}

    monkeypatch.setenv("ACME_STOCK_KEY", "another value")
    assert "changed   acme: secret STOCK" in (await line.run("apply", file, "--dry-run")).output


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ([{"name": "a b", "value": "x"}], "secrets[0].name is 'a b'"),
        ([{"name": "A"}], "secrets[0].value is missing"),
        ([{"name": "A", "value": "x"}, {"name": "A", "value": "y"}], "secrets[1].name is 'A'"),
    ],
)
async def test_wrong_secrets_are_told_with_their_place(line: Line, secrets: list[object], words: str) -> None:
    result = await line.run("apply", line.write(acme(secrets=secrets)))

    assert result.exit_code == 2
    assert words in result.output
