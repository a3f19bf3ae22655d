"""What was measured, as a file: points for every process, and what a message leaves behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from services.cli.ending import WrongInput
from services.cli.sizing.batches import Curve, Point, fit
from services.embedded.keys import ROOMS

POSTGRES, REDIS = "Postgres", "Valkey"
PROCESSES = (*ROOMS, POSTGRES, REDIS)


@dataclass(frozen=True, slots=True)
class ProcessCost:
    """CPU of one process: the curve for a message and its reply, and milliseconds for each status."""

    curve: Curve
    status_ms: float


@dataclass(frozen=True, slots=True)
class Amount:
    """Something a message leaves or asks for, and each of its statuses besides."""

    message: float
    status: float

    def of(self, statuses: float) -> float:
        """Return it for a message with so many statuses."""
        return self.message + self.status * statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """All of a measurement. `underway_ms` is the time from webhook to reply that was usual when it was taken.

    `item_bytes` are boxes' items, dropped after nine days; `kept_bytes` stay.
    """

    about: str
    underway_ms: float
    processes: Mapping[str, ProcessCost]
    wal_bytes: Amount
    item_bytes: Amount
    kept_bytes: Amount
    redis_commands: Amount


def costs_of(document: object) -> Costs:
    """Read the file's JSON. Raises WrongInput with the place of what is missing or no number."""
    return Costs(
        about=str(_at(document, "about")),
        underway_ms=_number(document, "underway_ms"),
        processes={name: _process(document, name) for name in PROCESSES},
        wal_bytes=_amount(document, "wal_bytes"),
        item_bytes=_amount(document, "item_bytes"),
        kept_bytes=_amount(document, "kept_bytes"),
        redis_commands=_amount(document, "redis_commands"),
    )


def _process(document: object, name: str) -> ProcessCost:
    place = ("processes", name)
    rows = _at(document, *place, "points")
    if not isinstance(rows, list) or not all(_is_point(row) for row in rows):
        raise WrongInput(f"{'.'.join(place)}.points must be a list of [messages in flight, CPU ms], both above 0")
    try:
        curve = fit([Point(float(row[0]), float(row[1])) for row in rows])
    except ValueError as error:
        raise WrongInput(f"{'.'.join(place)}.points: {error}") from None
    return ProcessCost(curve, _number(document, *place, "status_ms"))


def _is_point(row: object) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(_is_number(value) and value > 0 for value in row)


def _amount(document: object, name: str) -> Amount:
    return Amount(_number(document, name, "message"), _number(document, name, "status"))


def _number(document: object, *path: str) -> float:
    value = _at(document, *path)
    if not _is_number(value) or value < 0:
        raise WrongInput(f"{'.'.join(path)} must be a number that is not negative")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at(document: object, *path: str) -> Any:
    def inside(value: object, key: str) -> object:
        if not isinstance(value, dict) or key not in value:
            raise WrongInput(f"{'.'.join(path)} is missing")
        return value[key]

    return reduce(inside, path, document)


def document_of(
    *,
    about: str,
    underway_ms: float,
    points: Mapping[str, Sequence[Point]],
    status_ms: Mapping[str, float],
    amounts: Mapping[str, Amount],
) -> dict[str, object]:
    """Return the JSON that costs_of reads; the benchmark writes it."""
    return {
        "about": about,
        "underway_ms": underway_ms,
        "processes": {
            name: {
                "points": [[round(point.in_flight, 1), round(point.cpu_ms, 4)] for point in points[name]],
                "status_ms": round(status_ms[name], 4),
            }
            for name in PROCESSES
        },
        **{
            name: {"message": round(amount.message, 3), "status": round(amount.status, 3)}
            for name, amount in amounts.items()
        },
    }
