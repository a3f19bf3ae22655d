"""What sender remembers outside Postgres: number limits in Redis, pauses and tokens in memory. All may be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.clock import Monotonic
from services.chassis.queue import Batcher
from services.chassis.redis import OptionalRedis
from services.sender import metrics
from services.sender.domain.patience import pause_of
from services.sender.ports import CredentialStore, Key

# The generic cell rate algorithm for many numbers in one call; times in microseconds of Redis' own clock. A reserved
# moment is answered as the wait until it (0 or more), a refusal as -1 - wait.
_RESERVE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, slack, within = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local answers = {}
for i, key in ipairs(KEYS) do
  local mark = math.max(tonumber(redis.call('GET', key) or '0'), now)
  local wait = math.max(mark - now - slack, 0)
  if wait <= within then
    redis.call('SET', key, string.format('%.0f', mark + interval), 'PX', 3600000)
    answers[i] = math.floor(wait)
  else
    answers[i] = -1 - math.floor(wait)
  end
end
return answers
"""
_REST = """
local time = redis.call('TIME')
local mark = time[1] * 1000000 + time[2] + tonumber(ARGV[1])
if mark > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', mark), 'PX', 3600000)
end
return 1
"""
_MICRO = 1_000_000
# Of the limit this share is the steady pace and the rest the burst, so that no second holds more than the limit.
_STEADY = 0.95
TOKEN_SECONDS = 30.0
_MISSING_SECONDS = 2.0


class NumberLimits:
    """At most `rate` messages in any second per number, through Redis; without it, a local share (ports.NumberGate)."""

    def __init__(self, redis: OptionalRedis, *, rate: float, replicas: int, monotonic: Monotonic) -> None:
        self._redis = redis
        self._interval = 1 / max(rate * _STEADY, 0.001)
        self._slack = max(rate * (1 - _STEADY) - 1, 0.0) * self._interval
        self._replicas = max(replicas, 1)
        self._monotonic = monotonic
        self._marks: dict[str, float] = {}
        self._promised: dict[str, float] = {}
        self._within = 0.0
        self._batcher: Batcher[str, float] = Batcher(self._ask)

    async def reserve(self, numbers: Sequence[str], *, within: float) -> list[tuple[bool, float]]:
        """Reserve each number's next free moment if it comes within so many seconds: (reserved, seconds until it).

        Those who are refused are told different moments, so that they do not all come back at once.
        """
        self._within = within
        waits = await self._batcher.submit(numbers) if numbers else []
        return [(True, wait) if wait >= 0 else self._refuse(n, wait) for n, wait in zip(numbers, waits, strict=True)]

    def _refuse(self, phone_number_id: str, wait: float) -> tuple[bool, float]:
        now = self._monotonic()
        promised = max(self._promised.get(phone_number_id, 0.0), now - wait) + self._interval
        self._promised[phone_number_id] = promised
        return False, promised - now

    async def penalize(self, phone_number_id: str, *, seconds: float) -> None:
        """Let the number rest (Meta said it is too fast)."""
        rest = seconds + self._slack
        self._marks[phone_number_id] = max(self._marks.get(phone_number_id, 0.0), self._monotonic() + rest)
        await self._redis.script(_REST, [_key(phone_number_id)], [str(int(rest * _MICRO))])

    async def _ask(self, numbers: Sequence[str]) -> Sequence[float]:
        """Waits in seconds, or a refusal as a negative wait."""
        times = (self._interval, self._slack, self._within)
        arguments = [str(int(seconds * _MICRO)) for seconds in times]
        answers = await self._redis.script(_RESERVE, [_key(number) for number in numbers], arguments)
        if not isinstance(answers, list):
            return [self._ask_myself(number) for number in numbers]
        return [answer / _MICRO if answer >= 0 else (answer + 1) / _MICRO or -1e-6 for answer in answers]

    def _ask_myself(self, phone_number_id: str) -> float:
        now = self._monotonic()
        mark = max(self._marks.get(phone_number_id, 0.0), now)
        wait = max(mark - now - self._slack, 0.0)
        if wait > self._within:
            return -wait
        self._marks[phone_number_id] = mark + self._interval * self._replicas
        return wait


def _key(phone_number_id: str) -> str:
    return f"sender:number:{phone_number_id}"


@dataclass(slots=True)
class _Pause:
    until: float
    times: int
    code: int
    text: str


class Pauses:
    """Numbers that Meta refuses as a whole until somebody mends something."""

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._pauses: dict[Key, _Pause] = {}

    def refused(self, key: Key, *, code: int, text: str) -> float:
        """The number was refused; gives how long it is left alone."""
        now = self._monotonic()
        pause = self._pauses.setdefault(key, _Pause(0.0, 0, code, text))
        # Calls that were under way together count once.
        if pause.until <= now:
            pause.times += 1
            pause.until = now + pause_of(pause.times)
        pause.code, pause.text = code, text
        metrics.numbers_paused.set(len(self._pauses))
        return pause.until - now

    def remaining(self, key: Key) -> tuple[float, int, str]:
        """Seconds the number is still left alone (0: it may be tried), and why."""
        pause = self._pauses.get(key)
        if pause is None:
            return 0.0, 0, ""
        return max(pause.until - self._monotonic(), 0.0), pause.code, pause.text

    def mended(self, key: Key) -> None:
        """The number works, or its credentials changed."""
        if self._pauses.pop(key, None) is not None:
            metrics.numbers_paused.set(len(self._pauses))


class Tokens:
    """Access tokens, read for many numbers at once and kept for a short while."""

    def __init__(self, store: CredentialStore, monotonic: Monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._known: dict[Key, tuple[str | None, float]] = {}
        self._batcher: Batcher[Key, str | None] = Batcher(self._read)

    async def get(self, keys: Sequence[Key]) -> list[str | None]:
        """The tokens in order, None where a number has none. Raises errors.Unavailable."""
        now = self._monotonic()
        tokens = {}
        for key in keys:
            token, until = self._known.get(key, (None, 0.0))
            if now < until:
                tokens[key] = token
        unknown = sorted({key for key in keys if key not in tokens})
        if unknown:
            tokens.update(zip(unknown, await self._batcher.submit(unknown), strict=True))
        return [tokens[key] for key in keys]

    def forget(self, key: Key) -> None:
        """Read it anew next time."""
        self._known.pop(key, None)

    async def _read(self, keys: Sequence[Key]) -> Sequence[str | None]:
        found = await self._store.tokens(sorted(set(keys)))
        now = self._monotonic()
        for key in keys:
            token = found.get(key)
            self._known[key] = (token, now + (TOKEN_SECONDS if token is not None else _MISSING_SECONDS))
        return [found.get(key) for key in keys]
