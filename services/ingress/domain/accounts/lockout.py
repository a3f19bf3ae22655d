"""When wrong passwords close an account, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES = 5
"""Wrong passwords in a row that lock an account."""
LONGEST_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Lock:
    """`failures` since the last right password or the last lock; `times` is how many locks came in a row."""

    failures: int = 0
    times: int = 0
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether even the right password is refused."""
        return self.until is not None and now < self.until


OPEN = Lock()


def after_failure(lock: Lock, now: datetime) -> Lock:
    """The lock after one more wrong password: 1, 2, 4 … 60 minutes after every fifth.

    A try while the lock holds changes nothing, or a stranger could keep somebody out for good.
    """
    if lock.holds(now):
        return lock
    if lock.failures + 1 < FAILURES:
        return replace(lock, failures=lock.failures + 1)
    return Lock(0, lock.times + 1, now + timedelta(minutes=_minutes(lock.times)))


def _minutes(times_before: int) -> int:
    # 64 is more than the longest already: the exponent needs to grow no further.
    return min(1 << min(times_before, 6), LONGEST_MINUTES)
