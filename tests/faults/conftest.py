"""A folder for a house of a test's own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def house_folder() -> Iterator[Path]:
    """A folder that the database's user may pass through when the tests run as root (pytest's own is private)."""
    folder = Path(tempfile.mkdtemp(prefix="pytake-storm-"))
    folder.chmod(0o755)
    yield folder / "house"
    shutil.rmtree(folder, ignore_errors=True)
