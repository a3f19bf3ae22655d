"""How fast a number sends: moments given out ahead of the permissions, and a window that is kept at the wire.

The moments (GCRA) spread what is to be sent, at nearly the limit. They cannot hold it: between a moment and the arrival
at Meta lie a commit, a wire and other processes. So each call takes a place in the number's window right before it is
written and gives it back a second after Meta counted it. When that was is not told, but it was before the answer came,
less the shortest way back (`_Ways`). Hence whatever is delayed, no second of Meta's holds more messages than the window
has places (tests/unit/sender/test_window.py).
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count

from services.chassis.clock import Monotonic
from services.chassis.queue import Batcher
from services.chassis.redis import OptionalRedis
from services.sender.cache.scripts import ENTER, LEAVE, LOWER, RESERVE, REST
from services.sender.ports import Paced, Place

_MICRO = 1_000_000
# The steady pace is this share of the limit: the rest lets what was delayed catch up.
_STEADY = 0.985
# What was delayed for so long may follow at once; the window sees to the limit.
_SLACK_SECONDS = 0.1
# Meta's window, and what two clocks may differ in a second.
_WINDOW_SECONDS = 1.0 + 0.003
# A number that Meta found too fast sends at this share of its pace, never less than the least; minutes bring it back.
_LOWERED = 0.85
_LEAST_PACE = 0.05
_RECOVERY_PER_SECOND = 0.005
# Redis that does not answer is asked again for so long before a busy number goes by its local share: others may still
# count on it for all of the limit.
_GRACE_SECONDS = 2.5
# How long a walk waits at a time for a place.
_LONGEST_LOOK = 0.05
# A call that took nearly as long as one may take had no answer: it may be under way still.
_LATE = 0.9
# No number of Meta's is as fast as this: nothing is to be kept.
_UNLIMITED = 10_000.0
# In the fastest call, the way there took half of it at most, and no more than so many seconds.
_WAY_THERE_SECONDS = 0.03
_JITTER_SECONDS = 0.002
_REMEMBERED_SECONDS = 300.0
# Of fewer calls none needs to have been fast.
_FEWEST_CALLS = 200


class _Ways:
    """How long the answers' way back takes at least, from how long calls take; the last minutes count."""

    def __init__(self) -> None:
        self._before = self._fastest = float("inf")
        self._since = 0.0
        self._calls = 0

    def back(self, took: float, now: float) -> float:
        """Learn of a call; the least seconds between Meta's counting and an answer."""
        if now - self._since >= _REMEMBERED_SECONDS:
            self._before, self._fastest, self._since = self._fastest, took, now
        self._fastest = min(self._fastest, took)
        fastest = min(self._fastest, self._before)
        self._calls += 1
        if self._calls < _FEWEST_CALLS:
            return 0.0
        return max(fastest / 2 - _JITTER_SECONDS, fastest - _WAY_THERE_SECONDS, 0.0)


@dataclass(slots=True)
class _Lowered:
    pace: float
    at: float


class NumberLimits:
    """Each number's limit, through Redis; without it, a local share (ports.NumberGate).

    `call_seconds` is how long a call takes at most.
    """

    def __init__(
        self,
        redis: OptionalRedis,
        *,
        replicas: int,
        monotonic: Monotonic,
        call_seconds: float,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._redis = redis
        self._pause = pause
        self._answered_at = float("-inf")
        # When this process' calls of the last second began.
        self._entered: defaultdict[str, deque[float]] = defaultdict(deque)
        self._replicas = max(replicas, 1)
        self._monotonic = monotonic
        self._hold_seconds = call_seconds + _WINDOW_SECONDS
        self._late_seconds = call_seconds * _LATE
        self._marks: dict[str, float] = {}
        self._promised: dict[str, float] = {}
        self._lowered: dict[str, _Lowered] = {}
        # Without Redis: by number, until when each place is taken.
        self._taken: dict[str, dict[str, float]] = {}
        self._within = 0.0
        self._ways = _Ways()
        self._names = count()
        self._prefix = secrets.token_hex(6)
        self._moments: Batcher[Paced, float] = Batcher(self._ask)
        self._entries: Batcher[tuple[Paced, str], float] = Batcher(self._ask_to_enter)
        self._exits: Batcher[tuple[Place, float], None] = Batcher(self._tell_exits)
        self._telling: set[asyncio.Task[Sequence[None]]] = set()

    async def reserve(self, asked: Sequence[Paced], *, within: float) -> list[tuple[bool, float]]:
        """Reserve each number's next free moment if it comes within so many seconds: (reserved, seconds until it).

        Those who are refused are told different moments, so that they do not all come back at once.
        """
        self._within = within
        waits = await self._moments.submit(asked) if asked else []
        return [
            (True, wait) if wait >= 0 else self._refuse(each, wait) for each, wait in zip(asked, waits, strict=True)
        ]

    def _refuse(self, asked: Paced, wait: float) -> tuple[bool, float]:
        now = self._monotonic()
        promised = max(self._promised.get(asked.phone_number_id, 0.0), now - wait) + _interval(asked)
        self._promised[asked.phone_number_id] = promised
        return False, promised - now

    async def penalize(self, phone_number_id: str, *, seconds: float) -> None:
        """Let the number rest."""
        rest = seconds + _SLACK_SECONDS
        self._marks[phone_number_id] = max(self._marks.get(phone_number_id, 0.0), self._monotonic() + rest)
        await self._redis.script(REST, [_mark_key(phone_number_id)], [str(int(rest * _MICRO))])

    async def slow_down(self, phone_number_id: str) -> None:
        """Lower the number's pace (Meta said it is too fast); it comes back by itself."""
        now = self._monotonic()
        known = self._lowered.get(phone_number_id)
        if known is None or now - known.at >= 1.0:
            self._lowered[phone_number_id] = _Lowered(max(self._pace(phone_number_id) * _LOWERED, _LEAST_PACE), now)
        arguments = [str(_LOWERED), str(_LEAST_PACE), _per_second(_RECOVERY_PER_SECOND)]
        await self._redis.script(LOWER, [_pace_key(phone_number_id)], arguments)

    async def enter(self, asked: Paced) -> Place:
        """Take a place in the number's window, right before the call is written; waits until one is free."""
        if asked.per_second >= _UNLIMITED:
            return Place(asked.phone_number_id, "", 0.0)
        name = f"{self._prefix}:{next(self._names)}"
        while True:
            (wait,) = await self._entries.submit([(asked, name)])
            if wait <= 0:
                now, entered = self._monotonic(), self._entered[asked.phone_number_id]
                entered.append(now)
                if len(entered) > asked.per_second:
                    entered.popleft()
                return Place(asked.phone_number_id, name, now)
            await self._pause(min(wait, _LONGEST_LOOK))

    def leave(self, place: Place) -> None:
        """The call has ended; the place gets free once Meta counts it no more."""
        now = self._monotonic()
        took = now - place.entered_at
        if not place.name or took >= self._late_seconds:
            return
        rest = _WINDOW_SECONDS - self._ways.back(took, now)
        taken = self._taken.get(place.phone_number_id, {})
        if place.name in taken:
            taken[place.name] = now + rest
            return
        # Nobody waits for it: until it is told the place counts as taken.
        task = asyncio.create_task(self._exits.submit([(place, rest)]))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _ask(self, asked: Sequence[Paced]) -> Sequence[float]:
        """Waits in seconds, or a refusal as a negative wait."""
        keys, arguments = [], [_micro(self._within), _per_second(_RECOVERY_PER_SECOND)]
        for each in asked:
            keys += [_mark_key(each.phone_number_id), _pace_key(each.phone_number_id)]
            arguments += [_micro(_interval(each)), _micro(_SLACK_SECONDS)]
        answers = await self._redis.script(RESERVE, keys, arguments)
        if not isinstance(answers, list):
            return [self._ask_myself(each) for each in asked]
        return [answer / _MICRO if answer >= 0 else (answer + 1) / _MICRO or -1e-6 for answer in answers]

    def _ask_myself(self, asked: Paced) -> float:
        now, pace = self._monotonic(), self._pace(asked.phone_number_id)
        mark = max(self._marks.get(asked.phone_number_id, 0.0), now)
        wait = max(mark - now - _SLACK_SECONDS * pace, 0.0)
        if wait > self._within:
            return -wait
        self._marks[asked.phone_number_id] = mark + _interval(asked) / pace * self._replicas
        return wait

    def _pace(self, phone_number_id: str) -> float:
        known = self._lowered.get(phone_number_id)
        if known is None:
            return 1.0
        return min(known.pace + (self._monotonic() - known.at) * _RECOVERY_PER_SECOND, 1.0)

    async def _ask_to_enter(self, asked: Sequence[tuple[Paced, str]]) -> Sequence[float]:
        arguments = [_micro(self._hold_seconds)]
        for each, name in asked:
            arguments += [str(_places(each, 1)), name]
        answers = await self._redis.script(ENTER, [_window_key(each.phone_number_id) for each, _ in asked], arguments)
        if isinstance(answers, list):
            self._answered_at = self._monotonic()
            return [answer / _MICRO for answer in answers]
        return [_LONGEST_LOOK if self._is_patient(each) else self._enter_alone(each, name) for each, name in asked]

    def _is_patient(self, asked: Paced) -> bool:
        """Whether Redis was there a moment ago, and this process already has half of its share of the number."""
        now, entered = self._monotonic(), self._entered[asked.phone_number_id]
        while entered and entered[0] <= now - _WINDOW_SECONDS:
            entered.popleft()
        is_away = not self._redis.is_set or now - self._answered_at > _GRACE_SECONDS
        return not is_away and 2 * len(entered) >= _places(asked, self._replicas)

    def _enter_alone(self, asked: Paced, name: str) -> float:
        now, places = self._monotonic(), _places(asked, self._replicas)
        taken = self._taken.setdefault(asked.phone_number_id, {})
        if len(taken) >= places:
            taken = {place: until for place, until in taken.items() if until > now}
            self._taken[asked.phone_number_id] = taken
        if len(taken) >= places:
            return min(taken.values()) - now
        taken[name] = now + self._hold_seconds
        return 0.0

    async def _tell_exits(self, exits: Sequence[tuple[Place, float]]) -> Sequence[None]:
        arguments = [text for place, rest in exits for text in (_micro(rest), place.name)]
        await self._redis.script(LEAVE, [_window_key(place.phone_number_id) for place, _ in exits], arguments)
        return [None] * len(exits)


def _interval(asked: Paced) -> float:
    return 1 / max(asked.per_second * _STEADY, 0.001)


def _places(asked: Paced, replicas: int) -> int:
    return max(int(asked.per_second / replicas), 1)


def _micro(seconds: float) -> str:
    return str(int(seconds * _MICRO))


def _per_second(share: float) -> str:
    """A share a second as the scripts want it: millionths, times a microsecond, divided by 1e12 there."""
    return str(int(share * _MICRO))


def _mark_key(phone_number_id: str) -> str:
    return f"sender:number:{phone_number_id}"


def _pace_key(phone_number_id: str) -> str:
    return f"sender:pace:{phone_number_id}"


def _window_key(phone_number_id: str) -> str:
    return f"sender:window:{phone_number_id}"
