import io

import pytest

from services.embedded.console import PlainConsole


def test_a_step_tells_its_beginning_and_its_end() -> None:
    stream = io.StringIO()
    with PlainConsole(stream).step("starting it", "it is ready"):
        assert stream.getvalue() == "… starting it\n"
    assert stream.getvalue().splitlines()[1].startswith("✓ it is ready (")


def test_a_failed_step_never_says_it_is_done() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="broken"), PlainConsole(stream).step("starting it", "it is ready"):
        raise ValueError("broken")
    assert "ready" not in stream.getvalue()


def test_a_reader_that_went_away_does_not_disturb() -> None:
    stream = io.StringIO()
    console = PlainConsole(stream)
    stream.close()
    console.say("nobody hears this")
