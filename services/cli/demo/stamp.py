"""Remembers which documents a database was given, so that the next start need not give them again."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from services.embedded.state import State

NAME = "pytake-provided"


class Stamp:
    """A digest that lives and dies with the embedded cluster; a server of the user's own is never stamped."""

    def __init__(self, state: State) -> None:
        server = state["postgres"]
        assert isinstance(server, dict)
        self._file = Path(str(state["data"])) / "postgres" / "cluster" / NAME if server["pid"] else None

    def says(self, digest: str) -> bool:
        """Whether exactly this was given to the database."""
        return self._file is not None and self._file.exists() and self._file.read_text() == digest

    def note(self, digest: str) -> None:
        """Remember what was given."""
        if self._file is not None:
            self._file.write_text(digest)


def digest_of(folder: Path, values: Mapping[str, str]) -> str:
    """Digest every file below a folder, this program's own included, and the values put into them."""
    digest = hashlib.sha256(repr(sorted(values.items())).encode())
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".json", ".py")):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
