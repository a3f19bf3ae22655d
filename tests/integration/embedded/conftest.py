"""A place for databases that the user Postgres runs as for root can reach."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder others may pass through: pytest closes its own, again with each run that starts."""
    path = Path(tempfile.mkdtemp(prefix="pytake-house-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)
