"""The page of importers says how much of our own samples runs."""

from pathlib import Path

import pytest

from tools import import_coverage


def test_the_table_is_fresh() -> None:
    text = import_coverage.PAGE.read_text(encoding="utf-8")
    assert import_coverage.page(text) == text, "run tools/import_coverage.py"


def test_a_stale_table_is_found_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "importing.md"
    page.write_text(f"before\n{import_coverage.BEGIN}\nold\n{import_coverage.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(import_coverage, "PAGE", page)

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["import_coverage.py", *arguments])
        return import_coverage.main()

    assert [run("--check"), run(), run("--check")] == [1, 0, 0]
    assert page.read_text(encoding="utf-8").startswith(f"before\n{import_coverage.BEGIN}\n| source |")


def test_a_folder_of_ones_own_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("hello: {kind: text, message: Oi}\nbye: {kind: dynamic, message: x}")
    (tmp_path / "mine" / "b.json").write_text("[]")
    monkeypatch.setattr("sys.argv", ["import_coverage.py", "--folder", str(tmp_path)])
    assert import_coverage.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "| mine | 2 | 1 | 2 / 3 | 0 |"
