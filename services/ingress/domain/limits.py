"""Rate limits: the generic cell rate algorithm over a mark per key.

A key's mark is the moment at which all its permits are there again. A limit of 300 a minute gives 300 at once and then
one every 0.2 s. http/… and accounts/ say what is counted under which key; cache.py keeps the marks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Sums of seconds are not exact: a permit may come this part of its interval too early.
_ROUNDING = 0.01


@dataclass(frozen=True, slots=True)
class Limit:
    """So many `permits` in so many `seconds`; no permits means no limit."""

    permits: int
    seconds: float

    @property
    def interval(self) -> float:
        """Seconds until a permit that was spent is back."""
        return self.seconds / self.permits


@dataclass(frozen=True, slots=True)
class Spending:
    """A permit wanted under a key."""

    key: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Account:
    """What a spending came to: permits left, seconds until all are back, and until one is (0: it was given)."""

    limit: Limit
    remaining: int
    reset_seconds: float
    wait_seconds: float

    @property
    def is_given(self) -> bool:
        """Whether the permit was there."""
        return self.wait_seconds <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLimits:
    """What the REST API allows: every request of an organization and of one caller; a caller's tries at the doors.

    `login`, `refresh` and `acceptance` are for each client's address (login for each e-mail as well); `sending` is an
    organization's test messages, `upload` its files.
    """

    organization: Limit
    caller: Limit
    login: Limit
    refresh: Limit
    acceptance: Limit
    sending: Limit
    upload: Limit


class LimitReached(Exception):
    """Too many of something; `account` says when to come again."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"try again in {math.ceil(account.wait_seconds)} seconds")
        self.account = account


def spend(mark: float, limit: Limit, now: float) -> tuple[float, Account]:
    """The mark after one permit was wanted at `now`, and what came of it; without a permit the mark stays."""
    full_at = max(mark, now)
    wait = full_at + limit.interval - limit.seconds - now
    if wait > limit.interval * _ROUNDING:
        return mark, Account(limit, 0, full_at - now, wait)
    full_at += limit.interval
    left = math.floor((limit.seconds - (full_at - now)) / limit.interval + _ROUNDING)
    return full_at, Account(limit, max(left, 0), full_at - now, 0.0)


def tightest(accounts: Sequence[Account]) -> Account:
    """The one to tell about: the longest wait, else the fewest permits left."""
    return max(accounts, key=lambda account: (account.wait_seconds, -account.remaining))
