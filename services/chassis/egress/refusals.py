"""How a call ends: with a whole answer, or with a reason why there is none. The texts are for who chose the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are in lower case, and of repeated ones the last counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Forbidden(Exception):
    """The call may not be made as it is, now or later: nothing was sent."""


class NoAnswer(Exception):
    """No whole answer came, or one that is not taken: whether the call had an effect is unknown."""


class TooSlow(NoAnswer):
    """No whole answer came in time."""


class Unreachable(NoAnswer):
    """There was no connection, or it broke."""
