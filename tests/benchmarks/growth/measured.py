"""Reads what the benchmark and the soak wrote: the adapter to their JSON."""

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.cli.sizing.batches import Point
from services.cli.sizing.costs import PROCESSES, Amount
from tests.benchmarks import road
from tests.benchmarks.errors import Void

STATUSES = 3
"""How many status webhooks Meta posts for a reply here (meta/world.py)."""
_SATURATION = re.compile(r"saturation, (\d+) in flight")
_RATE = re.compile(r"([\d.]+) messages a second")

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Load:
    """One load's medians. `in_flight` is the loop's own number (closed), or rate times the median reply time (open)."""

    name: str
    in_flight: float
    is_closed: bool
    reply_p50_ms: float
    cpu_ms: Mapping[str, float]

    @property
    def cpu_ms_in_all(self) -> float:
        return sum(self.cpu_ms.values())

    def point(self, process: str) -> Point:
        """Return the load as a point of one process."""
        return Point(self.in_flight, self.cpu_ms[process])

    @property
    def whole(self) -> Point:
        """Return the load as a point of all processes together."""
        return Point(self.in_flight, self.cpu_ms_in_all)


def has_statuses(document: Document) -> bool:
    """Whether Meta posted statuses in that run."""
    return bool(document["conditions"]["plan"]["with_statuses"])


def loads_of(document: Document) -> list[Load]:
    """Return the road's loads, least company first; loads of another kind are left out."""
    samples = [sample for sample in document["samples"] if sample["variant"] == road.NAME]
    found = [_load(name, [s for s in samples if s["load"] == name]) for name in {s["load"] for s in samples}]
    return sorted((load for load in found if load is not None), key=lambda load: load.in_flight)


def _load(name: str, samples: Sequence[Document]) -> Load | None:
    reply_p50_ms = statistics.median(sample["reply_p50_ms"] for sample in samples)
    if closed := _SATURATION.fullmatch(name):
        in_flight = float(closed.group(1))
    elif _RATE.fullmatch(name):
        in_flight = statistics.median(s["messages_per_second"] * s["reply_p50_ms"] / 1000 for s in samples)
    else:
        return None
    cpu = {process: statistics.median(sample["cpu_ms"][process] for sample in samples) for process in PROCESSES}
    return Load(name, in_flight, closed is not None, reply_p50_ms, cpu)


def status_ms_of(plain: Sequence[Load], with_statuses: Sequence[Load]) -> dict[str, float]:
    """Return what one status costs each process: the middle of the closed loads that both runs have."""
    both = {load.name: load for load in with_statuses if load.is_closed}
    pairs = [(load, both[load.name]) for load in plain if load.name in both]
    if not pairs:
        raise Void("the runs with and without statuses share no load at saturation")
    return {
        process: max(0.0, statistics.median((b.cpu_ms[process] - a.cpu_ms[process]) / STATUSES for a, b in pairs))
        for process in PROCESSES
    }


def amounts_of(soaked: Document, soaked_plain: Document | None) -> dict[str, Amount]:
    """Return what a message leaves behind, and each status; without a plain soak every webhook counts the same."""
    whole = _amounts(soaked)
    if soaked_plain is None:
        return {name: Amount(value / (1 + STATUSES), value / (1 + STATUSES)) for name, value in whole.items()}
    plain = _amounts(soaked_plain)
    return {name: Amount(plain[name], max(0.0, (whole[name] - plain[name]) / STATUSES)) for name in whole}


def _amounts(document: Document) -> dict[str, float]:
    findings = document["findings"]
    tables = {table["name"]: max(0.0, table["bytes_per_message"]) for table in findings["tables"]}
    item = sum(size for name, size in tables.items() if name.endswith("_item"))
    return {
        "wal_bytes": findings["wal_bytes_per_message"],
        "item_bytes": item,
        "kept_bytes": sum(tables.values()) - item,
        "redis_commands": findings["redis_commands_per_message"],
    }
