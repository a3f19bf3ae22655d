"""The lock files: name, version and the sha256 of every file that may be installed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    ROOT / "requirements.lock",
    ROOT / "deploy" / "image" / "requirements.lock",
    ROOT / "deploy" / "image" / "build.lock",
    ROOT / "tools" / "installer.lock",
    ROOT / "tools" / "audit.lock",
)

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\n]+?))?"
    r"(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)"
)


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock; `marker` says where it is wanted, empty means everywhere."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def pins_of(lock: Path) -> list[Pin]:
    """Read a lock, in its order. Raises ValueError at the first line that is no pin with hashes."""
    pins: list[Pin] = []
    text, place = lock.read_text(), 0
    while text[place:].strip():
        match = _PIN.match(text, place)
        if match is None:
            raise ValueError(f"{lock}: {text[place:].splitlines()[0]!r} is no pin with hashes")
        hashes = tuple(re.findall(r"sha256:([0-9a-f]{64})", match["hashes"]))
        pins.append(Pin(canonical(match["name"]), match["version"], match["marker"] or "", hashes))
        place = match.end() + 1
    return pins


def canonical(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
