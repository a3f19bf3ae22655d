"""Every message the simulated Meta accepted, in order: what storms and benchmarks are judged by."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from .statuses import Accepted

CAPACITY = 1_000_000
"""Entries kept; at some 600 bytes each this bounds the ledger near 600 MB. Older ones fall out, counted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted message. `sequence` counts acceptances, `arrival` requests, refused ones included.

    `body` holds the posted bytes: parsing is left to those who read the ledger.
    """

    sequence: int
    arrival: int
    wamid: str
    phone_number_id: str
    to: str
    opaque: str
    accepted_at: int  # nanoseconds since 1970
    body: bytes

    def to_json(self) -> dict[str, object]:
        """The entry as it is served, the body as sent."""
        return {
            "sequence": self.sequence,
            "arrival": self.arrival,
            "wamid": self.wamid,
            "phone_number_id": self.phone_number_id,
            "to": self.to,
            "biz_opaque_callback_data": self.opaque or None,
            "accepted_at": self.accepted_at,
            "body": orjson.Fragment(self.body),
        }


class Ledger:
    """Append and read; duplicates are acceptances of a (number, opaque id) that had been accepted before."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self.clear()

    def clear(self) -> None:
        """Forget everything, counters included."""
        self._entries.clear()
        self._seen: set[tuple[str, str]] = set()
        self.accepted = 0
        self.duplicates: Counter[str] = Counter()

    def append(self, accepted: Accepted, *, arrival: int, accepted_at: int, body: bytes) -> None:
        """Record one acceptance."""
        self.accepted += 1
        number, opaque = accepted.number.phone_number_id, accepted.opaque
        to = accepted.person.key
        self._entries.append(Entry(self.accepted, arrival, accepted.wamid, number, to, opaque, accepted_at, body))
        if opaque and (number, opaque) in self._seen:
            self.duplicates[opaque] += 1
        self._seen.add((number, opaque))

    @property
    def dropped(self) -> int:
        """Entries that fell out of the bounded ledger."""
        return self.accepted - len(self._entries)

    def read(self, phone_number_id: str = "", to: str = "", after: int = 0) -> Iterator[Entry]:
        """Entries in order, for one number and one recipient if named, with a sequence above `after`."""
        for entry in self._entries:
            if entry.sequence > after and phone_number_id in ("", entry.phone_number_id) and to in ("", entry.to):
                yield entry
