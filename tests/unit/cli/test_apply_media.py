"""Which files of contacts are kept, in apply's files."""

import pytest

from tests.unit.cli.conftest import Line, acme


def file_of(line: Line, media: object) -> str:
    return line.write(acme(media=media, numbers=[], triggers=None))


async def test_what_an_organization_wants_is_put_once(line: Line) -> None:
    file = file_of(line, {"kinds": ["image", "document"], "max_bytes": 5_000_000})
    output = (await line.run("apply", file)).output
    assert "new       acme: contacts' files document, image up to 5,000,000 bytes" in output
    (kept,) = [value for key, value in line.kept.values.items() if key[1] == "media_policy"]
    assert kept == (True, 5_000_000, ["document", "image"])
    assert (await line.run("apply", file)).output.splitlines()[-1] == "nothing to change"


async def test_an_empty_object_asks_for_every_kind_and_off_for_none(line: Line) -> None:
    assert "contacts' files all kinds" in (await line.run("apply", file_of(line, {}))).output
    assert "contacts' files off" in (await line.run("apply", file_of(line, {"off": True}))).output
    (kept,) = [value for key, value in line.kept.values.items() if key[1] == "media_policy"]
    assert kept == (False, 0, [])


async def test_a_file_that_says_nothing_of_it_changes_nothing(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    assert [key for key in line.kept.values if key[1] == "media_policy"] == []


async def test_a_dry_run_tells_what_would_be_kept_and_puts_nothing(line: Line) -> None:
    output = (await line.run("apply", file_of(line, {"kinds": ["audio"]}), "--dry-run")).output
    assert "contacts' files audio" in output
    assert line.kept.puts == 0


@pytest.mark.parametrize(
    ("media", "words"),
    [
        ({"kinds": ["images"]}, "media.kinds[0] is 'images'"),
        ({"max_bytes": 200_000_000}, "media.max_bytes"),
        ({"folder": "files"}, "media.folder"),
        ({"off": True, "kinds": ["image"]}, "media.off"),
        ([], "media"),
    ],
)
async def test_what_nobody_can_want_is_named_with_its_place(line: Line, media: object, words: str) -> None:
    result = await line.run("apply", file_of(line, media))
    assert result.exit_code == 2
    assert words in result.output
    assert line.kept.puts == 0


async def test_two_files_must_not_want_different_things(line: Line) -> None:
    first = file_of(line, {})
    second = line.write({"organizations": [{"name": "acme", "media": {"off": True}}]}, "more.json")
    result = await line.run("apply", first, second)
    assert result.exit_code == 2
    assert "media differs from the one in" in result.output
