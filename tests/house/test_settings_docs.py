"""The example environment and the page of settings say what the services read."""

from pathlib import Path

import pytest

from services.embedded.keys import ROOMS
from tools import settings_docs
from tools.settings_docs import Variable


def test_both_files_are_fresh() -> None:
    variables = settings_docs.all_variables()

    assert settings_docs.SAMPLE.read_text() == settings_docs.sample(variables), "run tools/settings_docs.py"
    assert settings_docs.PAGE.read_text() == settings_docs.page(variables), "run tools/settings_docs.py"


@pytest.mark.parametrize("room", ROOMS)
def test_every_setting_has_a_sentence_and_a_name_of_its_own(room: str) -> None:
    variables = list(settings_docs.variables_of(room))

    assert len({variable.name for variable in variables}) == len(variables)
    assert all(variable.help and variable.kind in settings_docs.KINDS for variable in variables)


def test_a_page_that_is_not_fresh_is_found_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(settings_docs, "ROOT", tmp_path)
    monkeypatch.setattr(settings_docs, "SAMPLE", tmp_path / ".env.example")
    monkeypatch.setattr(settings_docs, "PAGE", tmp_path / "docs" / "settings.md")

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["settings_docs.py", *arguments])
        return settings_docs.main()

    assert [run("--check"), run(), run("--check")] == [1, 0, 0]


def test_a_secret_of_one_room_is_required_in_the_example_and_has_no_default() -> None:
    variables = [Variable("THE_KEY", "opens it", "Secret", None, ("sender",))]

    assert "# opens it\nTHE_KEY=\n" in settings_docs.sample(variables)
    assert "| `THE_KEY` | sender | secret text | **required** | opens it |" in settings_docs.page(variables)
