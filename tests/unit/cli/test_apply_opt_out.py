"""Stop words in apply's files."""

import pytest

from tests.unit.cli.conftest import Line, acme

WORDS = {
    "languages": [
        {"language": "pt", "stop_words": ["chega"], "start_words": ["volta"], "stopped_text": "Até logo"},
    ]
}  # fmt: skip


def file_of(line: Line, opt_out: object) -> str:
    return line.write(acme(opt_out=opt_out, numbers=[], triggers=None))


async def test_stop_words_are_put_once(line: Line) -> None:
    file = file_of(line, WORDS)
    assert "new       acme: stop words pt" in (await line.run("apply", file)).output
    (organization,) = {key[0] for key in line.kept.values if key[1] == "chatbot"}
    assert line.kept.values[organization, "opt_out"] == ([("pt", ["chega"], ["volta"], "Até logo")], False)
    assert (await line.run("apply", file)).output.splitlines()[-1] == "nothing to change"


async def test_an_empty_object_asks_for_the_usual_words_and_off_for_none(line: Line) -> None:
    assert "stop words the usual ones" in (await line.run("apply", file_of(line, {}))).output
    assert "stop words off" in (await line.run("apply", file_of(line, {"off": True}))).output
    (kept,) = [value for key, value in line.kept.values.items() if key[1] == "opt_out"]
    assert kept == ([], True)


@pytest.mark.parametrize(
    ("opt_out", "words"),
    [
        ({"languages": [{}]}, "opt_out.languages[0].language"),
        ({"languages": [{"language": "pt", "stop_words": ["x" * 61]}]}, "opt_out.languages[0].stop_words[0]"),
        ({"words": []}, "opt_out.words"),
        (WORDS | {"off": True}, "opt_out.off"),
    ],
)
async def test_what_no_words_can_be_is_named_with_its_place(line: Line, opt_out: object, words: str) -> None:
    result = await line.run("apply", file_of(line, opt_out))
    assert result.exit_code == 2
    assert words in result.output
    assert line.kept.puts == 0
