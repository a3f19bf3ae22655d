from pathlib import Path

import pytest

from services.embedded.binaries import debian_versions, find_postgres, find_valkey, major_version
from services.embedded.errors import HouseError


def test_the_newest_of_debians_versions_comes_first_and_too_old_ones_never(tmp_path: Path) -> None:
    for version in ("9.6", "13", "15", "17", "16"):
        (tmp_path / version / "bin").mkdir(parents=True)
    assert [folder.parent.name for folder in debian_versions(tmp_path)] == ["17", "16", "15"]


def test_the_users_folder_wins_over_the_installed_wheel(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).touch()
    assert find_postgres({"PYTAKE_POSTGRES_BIN": str(tmp_path)}) == tmp_path


def test_a_folder_without_postgres_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(HouseError, match="PYTAKE_POSTGRES_BIN"):
        find_postgres({"PYTAKE_POSTGRES_BIN": str(tmp_path)})


def test_the_wheels_bring_programs_for_this_machine() -> None:
    assert (find_postgres({}) / "postgres").is_file()
    assert find_valkey({}).is_file()


@pytest.mark.parametrize(
    ("line", "version"),
    [("postgres (PostgreSQL) 18.6", 18), ("postgres (PostgreSQL) 15.14 (Debian 15.14-0)", 15), ("?", 0)],
)
def test_the_major_version_is_read_from_what_postgres_says(line: str, version: int) -> None:
    assert major_version(line) == version
