"""Management calls: what is asked of the Graph API beside messages, limited for each account by the hour."""

from __future__ import annotations

from services.chassis.clock import Monotonic
from services.chassis.redis import OptionalRedis
from services.sender.cache.scripts import RESERVE

_MICRO = 1_000_000
_HOUR = 3600.0
# Of an hour's calls this share may be made at once.
_BURST = 0.2


class ManagementCalls:
    """At most `per_hour` calls an hour for each account, through Redis; without it, a local share."""

    def __init__(self, redis: OptionalRedis, *, per_hour: float, replicas: int, monotonic: Monotonic) -> None:
        self._redis = redis
        self._interval = _HOUR / max(per_hour * (1 - _BURST), 0.001)
        self._slack = max(per_hour * _BURST - 1, 0.0) * self._interval
        self._replicas = max(replicas, 1)
        self._monotonic = monotonic
        self._marks: dict[str, float] = {}

    async def take(self, account: str) -> float:
        """Use one call: 0 when it may be made now, else the seconds until one may."""
        keys = [f"sender:calls:{account}", f"sender:calls:{account}:pace"]
        arguments = ["0", "0", str(int(self._interval * _MICRO)), str(int(self._slack * _MICRO))]
        answers = await self._redis.script(RESERVE, keys, arguments)
        if isinstance(answers, list):
            return 0.0 if answers[0] >= 0 else -(answers[0] + 1) / _MICRO
        now = self._monotonic()
        mark = max(self._marks.get(account, 0.0), now)
        wait = max(mark - now - self._slack, 0.0)
        if wait <= 0:
            self._marks[account] = mark + self._interval * self._replicas
        return wait
