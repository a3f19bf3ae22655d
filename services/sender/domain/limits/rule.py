"""A check and where in a body it applies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from services.sender.domain.limits.checks import Check

Json: TypeAlias = Mapping[str, object]

Whole: TypeAlias = Callable[[Json], Iterator[str]]
"""A rule over several fields: gives complaints that name them."""

_EACH = "[]"


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of every value at a path: names joined by dots, `[]` after one for each entry of a list.

    What a path leads through must be there for its end to be missed: `a.b` says nothing of a body without `a`.
    """

    path: str
    check: Check
    steps: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", steps_of(self.path))

    def complaints(self, body: Json) -> Iterator[str]:
        """What the check says, after the name of the field."""
        complaint_of = self.check.complaint
        # Names are made for what is wrong only: nearly every message is all right.
        if any(complaint_of(value) is not None for value in _bare_values(body, self.steps)):
            for name, value in values(body, self.steps):
                complaint = complaint_of(value)
                if complaint is not None:
                    yield f"{name} {complaint}"


def steps_of(path: str) -> tuple[str, ...]:
    """A path taken apart: names, and `[]` for each entry of a list."""
    return tuple(path.replace(_EACH, f".{_EACH}").split("."))


def values(body: object, steps: Sequence[str], name: str = "") -> Iterator[tuple[str, object]]:
    """The values at a path with their full names, as `contacts[1].name`; None for an end that is not there."""
    for place, step in enumerate(steps):
        if step == _EACH:
            for number, entry in enumerate(body if isinstance(body, list) else ()):
                yield from values(entry, steps[place + 1 :], f"{name}[{number}]")
            return
        if not isinstance(body, dict):
            return
        name = f"{name}.{step}" if name else step
        body = body.get(step)
    yield name, body


def _bare_values(body: object, steps: Sequence[str]) -> list[object]:
    """The values at a path."""
    found = [body]
    for step in steps:
        if step == _EACH:
            found = [entry for each in found if isinstance(each, list) for entry in each]
        else:
            found = [each.get(step) for each in found if isinstance(each, dict)]
    return found


def only_once(path: str) -> Whole:
    """Whatever stands at the path must differ from entry to entry."""
    steps = steps_of(path)

    def whole(body: Json) -> Iterator[str]:
        found = _bare_values(body, steps)
        if len(set(found)) == len(found):
            return
        seen: dict[object, str] = {}
        for name, value in values(body, steps):
            if value is not None and (first := seen.setdefault(value, name)) != name:
                yield f"{name} is {value!r} as {first} is, Meta wants each only once; change one"

    return whole


def at_most(path: str, most: int, what: str) -> Whole:
    """All lists' entries together that the path leads to must not be more."""
    steps = steps_of(path)

    def whole(body: Json) -> Iterator[str]:
        count = len(_bare_values(body, steps))
        if count > most:
            yield f"{path.replace(_EACH, '')} has {count} {what} in all, Meta takes at most {most}; leave some out"

    return whole
