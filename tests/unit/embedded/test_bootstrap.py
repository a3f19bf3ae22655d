import ast
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


def loaded(root: Path) -> ModuleType:
    """Load a checkout's tools/bootstrap.py, which works out its paths from its own place."""
    spec = importlib.util.spec_from_file_location("bootstrap", root / "tools" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that looks set up: its .venv has an interpreter and the right stamp."""
    for name in ("tools/bootstrap.py", "tools/installer.lock", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    bootstrap = loaded(tmp_path)
    bootstrap.STAMP.write_text(bootstrap.fingerprint())
    return tmp_path


def test_an_old_python_can_read_the_bootstrap_and_look_for_a_newer_one() -> None:
    ast.parse((ROOT / "tools" / "bootstrap.py").read_text(), feature_version=(3, 6))


def test_a_set_up_checkout_is_left_alone_so_it_works_offline(checkout: Path) -> None:
    command = [sys.executable, str(checkout / "tools" / "bootstrap.py")]
    done = subprocess.run(command, capture_output=True, check=False, env={}, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "tools/installer.lock"])
def test_a_change_of_what_is_installed_asks_for_a_new_setup(checkout: Path, name: str) -> None:
    with (checkout / name).open("a") as file:
        file.write("\n# changed\n")
    assert not loaded(checkout).is_installed()


def test_a_moved_checkout_asks_for_a_new_setup(checkout: Path) -> None:
    moved = checkout.rename(checkout.with_name("moved"))
    assert not loaded(moved).is_installed()
    assert not loaded(moved).belongs_here()


def test_an_interrupted_setup_is_not_taken_for_whole(checkout: Path) -> None:
    bootstrap = loaded(checkout)
    bootstrap.STAMP.unlink()
    assert not bootstrap.is_installed()


def test_a_vanished_interpreter_asks_for_a_new_setup(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "python").unlink()
    assert not loaded(checkout).is_installed()


def test_every_make_target_is_explained_by_make_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]
    # Under `make check` the inner make would also tell which folder it enters.
    command = ["make", "--no-print-directory", "help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert [line.split()[1] for line in said.splitlines()] == phony
