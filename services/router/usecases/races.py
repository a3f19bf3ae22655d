"""Decide again when another replica wrote first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.chassis.errors import Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.ports import Raced

Result = TypeVar("Result")

# Every loss of a race means that somebody else made progress; more losses than this mean something is wrong.
_MOST_LOSSES = 5


async def again_while_raced(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Run `attempt`, a whole transaction, until it is not Raced. Raises Unavailable after too many losses."""
    for _ in range(_MOST_LOSSES):
        try:
            return await attempt()
        except Raced:
            continue
    raise Unavailable(
        "the same contacts are being changed elsewhere; try again", reason=errors_pb2.ERROR_REASON_STORE_UNAVAILABLE
    )
