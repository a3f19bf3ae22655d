"""The only place that asks what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]
Monotonic = Callable[[], float]
UnixSeconds = Callable[[], float]

monotonic: Monotonic = time.monotonic
unix_seconds: UnixSeconds = time.time


def now() -> datetime:
    """The wall clock as an aware UTC datetime. Leases and wake times use Postgres' now() instead (storm F9)."""
    return datetime.now(UTC)
