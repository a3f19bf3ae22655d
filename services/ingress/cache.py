"""What ingress remembers outside Postgres: rate limits, in Redis and without it here. They may be lost."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from services.chassis.clock import Monotonic
from services.chassis.queue import Batcher
from services.chassis.redis import OptionalRedis
from services.ingress.domain.limits import Account, Limit, LimitReached, Spending, spend, tightest

Spendings = Sequence[Spending]

# domain/limits.py over Redis' own clock, in whole microseconds. Many requests travel together; each one's permits are
# all given or none. ARGV is, for each request, how many keys it has, and for each key interval and window; an answer is
# permits left, time until all are back, time until one is.
_SPEND = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answers, key, argument = {}, 0, 1
while argument <= #ARGV do
  local count = tonumber(ARGV[argument])
  local marks, is_given = {}, true
  for i = 1, count do
    local interval, window = tonumber(ARGV[argument + 2 * i - 1]), tonumber(ARGV[argument + 2 * i])
    marks[i] = math.max(tonumber(redis.call('GET', KEYS[key + i]) or '0'), now)
    is_given = is_given and marks[i] + interval - window <= now
  end
  for i = 1, count do
    local interval, window = tonumber(ARGV[argument + 2 * i - 1]), tonumber(ARGV[argument + 2 * i])
    local mark = marks[i]
    local wait = math.max(mark + interval - window - now, 0)
    if is_given then
      mark = mark + interval
      redis.call('SET', KEYS[key + i], string.format('%.0f', mark), 'PX', math.ceil((mark - now) / 1000))
    end
    answers[#answers + 1] = math.floor((window - (mark - now)) / interval)
    answers[#answers + 1] = mark - now
    answers[#answers + 1] = wait
  end
  key = key + count
  argument = argument + 2 * count + 1
end
return answers
"""
_MICRO = 1_000_000
_MOST_AT_ONCE = 256
# A flood of addresses must not fill the memory; the keys that were used longest ago go first.
MOST_MARKS = 50_000


class RateLimits:
    """Permits under keys, shared by all replicas through Redis; without it, each replica gives the whole limit."""

    def __init__(self, redis: OptionalRedis, monotonic: Monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._marks: OrderedDict[str, float] = OrderedDict()
        # One call at a time for all who ask: OptionalRedis has few connections, and takes "too many" for an outage.
        self._batcher: Batcher[Spendings, Sequence[Account]] = Batcher(self._spend, limit=_MOST_AT_ONCE)

    async def spend(self, *spendings: Spending) -> Account | None:
        """Take a permit under every key, or none; gives the tightest account, None where nothing is limited.

        Raises LimitReached.
        """
        wanted = [spending for spending in spendings if spending.limit.permits]
        if not wanted:
            return None
        ((*accounts,),) = await self._batcher.submit([wanted])
        account = tightest(accounts)
        if not account.is_given:
            raise LimitReached(account)
        return account

    async def _spend(self, requests: Sequence[Spendings]) -> Sequence[Sequence[Account]]:
        keys = [_key(spending) for spendings in requests for spending in spendings]
        arguments = [text for spendings in requests for text in _arguments(spendings)]
        answers = await self._redis.script(_SPEND, keys, arguments)
        if not isinstance(answers, list):
            return [self._spend_here(spendings) for spendings in requests]
        found = zip(answers[::3], answers[1::3], answers[2::3], strict=True)
        return [
            [_account(spending.limit, *answer) for spending, answer in zip(spendings, found, strict=False)]
            for spendings in requests
        ]

    def _spend_here(self, spendings: Spendings) -> Sequence[Account]:
        now = self._monotonic()
        outcomes = [spend(self._marks.get(_key(it), now), it.limit, now) for it in spendings]
        if all(account.is_given for _, account in outcomes):
            for spending, (mark, _) in zip(spendings, outcomes, strict=True):
                self._marks[_key(spending)] = mark
                self._marks.move_to_end(_key(spending))
            while len(self._marks) > MOST_MARKS:
                self._marks.popitem(last=False)
        return [account for _, account in outcomes]


def _key(spending: Spending) -> str:
    return f"ingress:limit:{spending.key}"


def _arguments(spendings: Spendings) -> list[str]:
    texts = [str(len(spendings))]
    for spending in spendings:
        interval = max(round(spending.limit.interval * _MICRO), 1)
        texts += [str(interval), str(interval * spending.limit.permits)]
    return texts


def _account(limit: Limit, remaining: int, reset: int, wait: int) -> Account:
    return Account(limit, max(remaining, 0), reset / _MICRO, wait / _MICRO)
