"""The contracts: generated code is fresh, everything has a sentence, and no caller is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.kustomize import ROOT
from tools.protos import BIN, LOCK, PROTOS, is_compatible


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The contracts, to be changed."""
    return Path(shutil.copytree(PROTOS, tmp_path / "protos"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} must be in {file.name} once"
    file.write_text(text.replace(old, new))


def lint(protos: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / "buf", "lint", protos], capture_output=True, text=True, check=False)


def test_generated_code_and_lock_are_fresh() -> None:
    command = [sys.executable, "tools/protos.py", "--check"]
    checked = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def test_every_message_field_method_and_value_has_a_sentence_and_the_usual_name() -> None:
    assert lint(PROTOS).stdout == ""


def test_a_field_without_a_sentence_is_found(copy: Path) -> None:
    change(copy / "router/v1/router.proto", "  // Conversations changed.\n", "")

    assert "should have a non-empty comment" in lint(copy).stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int32 changed = 1;", "int32 changed = 9;"),
        ("int32 changed = 1;", "string changed = 1;"),
        ("int32 changed = 1;", "int32 altered = 1;"),
        ("  // Conversations changed.\n  int32 changed = 1;\n", ""),
        ("OWNER_PERSON = 2;", "OWNER_PERSON = 3;"),
        ("rpc SetOwner(", "rpc ChangeOwner("),
        ("package pytake.router.v1;", "package pytake.router.v2;"),
    ],
)
def test_what_breaks_a_caller_is_refused(copy: Path, capfd: pytest.CaptureFixture[str], old: str, new: str) -> None:
    change(copy / "router/v1/router.proto", old, new)

    assert not is_compatible(copy, LOCK)
    assert "router.proto" in capfd.readouterr().out


def test_what_is_added_is_welcome(copy: Path) -> None:
    added = "int32 changed = 1;\n  // Conversations looked at.\n  int32 found = 3;"
    change(copy / "router/v1/router.proto", "int32 changed = 1;", added)

    assert is_compatible(copy, LOCK)
