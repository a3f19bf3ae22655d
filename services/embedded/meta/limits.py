"""Meta's three gates before a message goes out: number throughput, pair rate, customer service window.

A pair's rate is kept as one float: the moment until which the future is used up (the generic cell rate algorithm), so
a hundred thousand pairs cost a dictionary and nothing ticks. A number's messages are counted as they arrive: never more
than the limit in any second, wherever it begins.
"""

from collections import defaultdict, deque

from .plans import Limits
from .refusals import ErrorKind, GraphError

HOUR = 3600.0
SECOND = 1.0
ROUNDING = 1e-4
"""Seconds granted for the sums of floats: epoch seconds resolve to a quarter of a microsecond."""


class Rate:
    """Admits `burst` at once and one more every `interval` seconds, for each key by itself."""

    def __init__(self) -> None:
        self._used_until: dict[str, float] = {}

    def admits(self, key: str, now: float, *, burst: float, interval: float) -> bool:
        """Whether one more would pass now; takes nothing."""
        return self._used_until.get(key, now) - now <= (burst - 1) * interval + ROUNDING

    def take(self, key: str, now: float, *, interval: float) -> None:
        """Use one."""
        self._used_until[key] = max(self._used_until.get(key, now), now) + interval


class Window:
    """Admits so many within any second, for each key by itself."""

    def __init__(self) -> None:
        self._arrivals: defaultdict[str, deque[float]] = defaultdict(deque)

    def admits(self, key: str, now: float, *, most: float) -> bool:
        """Whether one more would pass now; takes nothing."""
        arrivals = self._arrivals[key]
        while arrivals and arrivals[0] <= now - SECOND:
            arrivals.popleft()
        return len(arrivals) + 1 <= max(most, 1)

    def take(self, key: str, now: float) -> None:
        """Use one."""
        self._arrivals[key].append(now)


class Gate:
    """Decides for every number and user whether a message may go now."""

    def __init__(self) -> None:
        self._numbers = Window()
        self._pairs = Rate()
        self._heard: dict[str, float] = {}

    def pass_message(self, number: str, user: str, limits: Limits, now: float) -> None:
        """Let one message through or raise GraphError (130429, 131056); a refused one uses up nothing."""
        pair, pair_interval = f"{number}/{user}", limits.pair_interval_seconds if limits.pair_burst else 0.0
        per_second = limits.messages_per_second
        if per_second and not self._numbers.admits(number, now, most=per_second):
            raise GraphError(ErrorKind.NUMBER_LIMIT, "Cloud API message throughput has been reached.")
        if not self._pairs.admits(pair, now, burst=limits.pair_burst, interval=pair_interval):
            details = "Too many messages from this phone number to the same phone number in a short time."
            raise GraphError(ErrorKind.PAIR_LIMIT, details)
        if per_second:
            self._numbers.take(number, now)
        self._pairs.take(pair, now, interval=pair_interval)

    def heard_from(self, number: str, user: str, now: float) -> None:
        """The user wrote: the window opens for its full length."""
        self._heard[f"{number}/{user}"] = now

    def is_window_open(self, number: str, user: str, limits: Limits, now: float) -> bool:
        """Whether a message that is no template may reach the user."""
        if not limits.window_hours:
            return True
        heard = self._heard.get(f"{number}/{user}")
        return not limits.strict_window if heard is None else now - heard < limits.window_hours * HOUR
