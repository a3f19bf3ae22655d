"""Canaries: secrets and people's data that must be found in no log, no answer, no metric and no file others can read.

A canary is looked for as it is, percent-encoded, as JSON escapes it, and inside base64 text at any of its three places:
an id of Meta holds a phone number that way.
"""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

# Shorter ones are found by chance.
SHORTEST = 8
SHORTEST_IN_BASE64 = 12

Canaries = Mapping[str, str]
"""What it is → its value. Only the first may be printed."""

Source = tuple[str, bytes]
"""Where it comes from, and what it holds."""


class LeakFound(AssertionError):
    """A canary lies where it must not; the text says which and where, never its value."""


@dataclass(frozen=True, slots=True)
class Found:
    """A canary in the open."""

    canary: str
    where: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What was looked through, for how many canaries, and what was found."""

    sources: int = 0
    size: int = 0
    canaries: int = 0
    found: tuple[Found, ...] = ()

    def plus(self, other: Scan) -> Scan:
        """Both together."""
        return Scan(
            self.sources + other.sources,
            self.size + other.size,
            self.canaries + other.canaries,
            self.found + other.found,
        )

    def table(self) -> str:
        """The figures for people, with a line for each find."""
        head = f"{'files and answers':>18} {'bytes':>12} {'canaries':>9} {'found':>6}"
        row = f"{self.sources:>18} {self.size:>12} {self.canaries:>9} {len(self.found):>6}"
        return "\n".join([head, row, *(f"FOUND {found.canary} in {found.where}" for found in self.found)])


def look(sources: Iterable[Source], canaries: Canaries) -> Scan:
    """Look for every canary in every source."""
    forms = {name: forms_of(value) for name, value in canaries.items() if len(value.encode()) >= SHORTEST}
    count = size = 0
    found: list[Found] = []
    for where, content in sources:
        count, size = count + 1, size + len(content)
        found += [Found(name, where) for name, shapes in forms.items() if any(shape in content for shape in shapes)]
    return Scan(count, size, len(forms), tuple(found))


def forms_of(value: str) -> frozenset[bytes]:
    """How a value may be written."""
    raw = value.encode()
    forms = {raw, quote(value, safe="").encode(), json.dumps(value)[1:-1].encode()}
    if len(raw) >= SHORTEST_IN_BASE64:
        forms |= set(_in_base64(raw))
    return frozenset(forms)


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """What stays the same of a value's base64 form whatever stands before and after it."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        core = encoded[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))


def files_in(folder: Path) -> Iterator[Source]:
    """Every file of a folder and the folders in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()


def files_open_to_others(folder: Path) -> Iterator[Source]:
    """The files that another user of this machine could read, if the folder itself is reachable."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if _mode(Path(place, name)) & 0o011]
        for path in (Path(place, name) for name in sorted(names)):
            if stat.S_ISREG(_mode(path)) and _mode(path) & 0o044:
                yield str(path), path.read_bytes()


def command_lines(pids: Iterable[int]) -> Iterator[Source]:
    """What every user of this machine sees of running processes."""
    for pid in pids:
        try:
            yield f"command line of process {pid}", Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:  # it ended, or this system has no /proc
            continue


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:  # gone meanwhile
        return 0
