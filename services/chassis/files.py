"""Files that may be replaced while the house runs: keys, certificates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from services.chassis.clock import Monotonic, monotonic

LOOK_SECONDS = 2.0
"""How long a replaced file may go unnoticed."""

_Mark = tuple[int, int, int] | None


class FileWatch:
    """Tells whether files are others than at the last look; a look is one stat for each, a few microseconds.

    It follows links, so a mounted secret of Kubernetes, which is swapped by a link, counts as replaced.
    """

    def __init__(self, files: Sequence[Path], *, clock: Monotonic = monotonic) -> None:
        self._files = tuple(files)
        self._clock = clock
        self._marks = tuple(map(_mark, self._files))
        self._next_look = clock() + LOOK_SECONDS

    def has_changed(self) -> bool:
        """Look, but not again within LOOK_SECONDS."""
        return self._clock() >= self._next_look and self.has_changed_now()

    def has_changed_now(self) -> bool:
        """Look whatever the time."""
        self._next_look = self._clock() + LOOK_SECONDS
        before, self._marks = self._marks, tuple(map(_mark, self._files))
        return before != self._marks


def _mark(file: Path) -> _Mark:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
