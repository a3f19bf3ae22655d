"""Erasures and retention over all rooms: whom, how far, what it came to. Pure.

A job goes through the rooms in the order in which a message travels, so that nothing is on its way from a room that was
done to one that is. It takes several looks: a call that was under way at the first may have written something after it,
so the job ends only when a later look finds nothing (docs/decisions/0021-erasing-a-person.md).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["erasure", "export", "retention"]
State = Literal["open", "done"]

ROOMS = ("router", "ingress", "executor", "sender", "analytics")
"""The order of erasing: router first, so that nothing old gets in any more; then along the road."""

EXPORT_ROOMS = ("router", "executor", "sender", "analytics", "ingress")
"""The order of an export: who it is, what was said and done, what is left of deliveries."""

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Everything a contact is known by.

    `erased_at` is set once router has erased it: no message of before gets in any more. `forgotten_at` is set once all
    rooms have: no status of before is kept any more.
    """

    contact_ids: tuple[str, ...]
    conversation_ids: tuple[str, ...]
    wa_ids: tuple[str, ...]
    user_ids: tuple[str, ...]
    phone_number_ids: tuple[str, ...]
    known_since: datetime
    erased_at: datetime | None = None
    forgotten_at: datetime | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Phone numbers and user ids."""
        return (*self.wa_ids, *self.user_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an open job is about and where it stands: `place` in ROOMS, `cursor` in that room, `waits` in a row there.

    An erasure has a person; retention has the moment `before` which things are old, and the organization's numbers.
    """

    person: Person | None = None
    before: datetime | None = None
    phone_number_ids: tuple[str, ...] = ()
    look: int = 1
    place: int = 0
    cursor: str = ""
    waits: int = 0
    has_found: bool = False

    @property
    def room(self) -> str:
        """Where it stands."""
        return ROOMS[self.place]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomStep:
    """A room that a look is through with, and when."""

    look: int
    room: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a job came to so far. Nothing in it is personal."""

    looks: int = 0
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    steps: tuple[RoomStep, ...] = ()
    waiting_for: str = ""
    erased_at: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job with its report; `task` is what is left to do, None when it is done."""

    organization_id: str
    job_id: str
    kind: Kind
    state: State
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    report: Report
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How far a room came. `waiting_for`: something unfinished is in the way; `cursor`: where it goes on.

    `counts` are of all the job's calls to the room, so that none is lost when an answer is; empty when it did nothing.
    `person` is whom router found, or erased, if that is more than it was told.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    waiting_for: str = ""
    cursor: str = ""
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a job stands after an answer; `wait` in seconds until it goes on, None when it is done."""

    task: Task
    report: Report
    wait: float | None


def moved(task: Task, report: Report, answer: Answer, *, now: datetime, settle_seconds: float) -> Moved:
    """Take a room's answer in: wait, go on in the room, or go on to the next one."""
    before, report = report, _counted(report, task.room, answer.counts)
    task = replace(task, person=answer.person or task.person, has_found=task.has_found or report.rows != before.rows)
    if answer.person is not None and answer.person.erased_at is not None:
        report = replace(report, erased_at=answer.person.erased_at)
    if answer.waiting_for:
        return waiting(task, report, answer.waiting_for)
    report = replace(report, waiting_for="")
    if answer.cursor:
        return Moved(replace(task, cursor=answer.cursor, waits=0), report, 0.0)
    step = RoomStep(look=task.look, room=task.room, ended_at=now)
    report = replace(report, looks=task.look, steps=(*report.steps, step))
    task = replace(task, place=task.place + 1, cursor="", waits=0)
    if task.place < len(ROOMS):
        return Moved(task, report, 0.0)
    if task.person is None or (task.look > 1 and not task.has_found):
        return Moved(task, report, None)
    person = replace(task.person, forgotten_at=task.person.forgotten_at or now)
    return Moved(replace(task, person=person, look=task.look + 1, place=0, has_found=False), report, settle_seconds)


def waiting(task: Task, report: Report, reason: str) -> Moved:
    """The room cannot be done now: come back, each time after twice as long."""
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**task.waits)
    said = replace(report, waiting_for=f"{task.room}: {reason}")
    return Moved(replace(task, waits=min(task.waits + 1, 16)), said, wait)


def old_before(now: datetime, days: int) -> datetime:
    """What an organization that keeps things for so many days calls old."""
    return now - timedelta(days=days)


def wamid_parts(names: Sequence[str]) -> list[str]:
    """Texts by which an id of Meta's gives one of these names away: it holds the number in base64.

    Whatever stands before and after it there, one of them is a part of the id: a name begins at the first, second or
    third byte of a group of base64, and its last character there may hold some bits of whatever follows.
    """
    return [part for name in names for shift in range(3) for part in _parts(name.encode(), shift)]


def _parts(name: bytes, shift: int) -> Iterator[str]:
    """The characters of base64 that hold the name, when it begins at this byte of a group."""
    bits = (shift + len(name)) * 8
    shared = -bits % 6  # bits of the last character that belong to what follows
    start, end = (0, 2, 3)[shift], (bits + shared) // 6
    for following in range(2**shared):
        written = bytes(shift) + name + bytes([following << (8 - shared) & 255 if shared else 0]) + bytes(2)
        yield base64.b64encode(written).decode()[start:end]


def _counted(report: Report, room: str, counts: Mapping[str, int]) -> Report:
    if not any(counts.values()):
        return report
    rows = {name: dict(tables) for name, tables in report.rows.items()}
    tables = rows.setdefault(room, {})
    for table, count in counts.items():
        tables[table] = max(tables.get(table, 0), count)
    return replace(report, rows=rows)
