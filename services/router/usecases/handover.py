"""Hand a batch to the next room in chunks, without ever letting a later item overtake an earlier one of its lane."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

from services.chassis.errors import InvalidArgument, PytakeError
from services.chassis.logs import get_logger
from services.router.domain.outcome import RETRY, Outcome

Item = TypeVar("Item")

MOST_IN_CHUNK = 256

_log = get_logger(__name__)


async def hand_over(
    items: Sequence[Item],
    tell: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]],
    *,
    lane_of: Callable[[Item], Hashable],
) -> list[Outcome]:
    """One outcome an item. A peer out of reach means retry for this chunk and all that follow.

    Raises InvalidArgument when the peer can never take a chunk, as one that is too large: the caller sends less.
    """
    outcomes: list[Outcome] = []
    held: set[Hashable] = set()
    for start in range(0, len(items), MOST_IN_CHUNK):
        chunk = items[start : start + MOST_IN_CHUNK]
        free = [item for item in chunk if lane_of(item) not in held] if held else chunk
        told = await _tell_safely(free, tell)
        if told is None:
            return outcomes + [RETRY] * (len(items) - start)
        results = iter(told)
        now = [RETRY if held and lane_of(item) in held else next(results) for item in chunk]
        held.update(lane_of(item) for item, outcome in zip(chunk, now, strict=True) if outcome.kind == "retry")
        outcomes += now
    return outcomes


async def _tell_safely(
    items: Sequence[Item], tell: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]]
) -> Sequence[Outcome] | None:
    """The peer's outcomes, or None when it gave none."""
    if not items:
        return ()
    try:
        outcomes = await tell(items)
    except InvalidArgument:
        raise
    except PytakeError as error:
        _log.warning("peer_refused_batch", reason=error.code, items=len(items))
        return None
    if len(outcomes) != len(items):
        _log.error("peer_answered_short", items=len(items), outcomes=len(outcomes))
        return None
    return outcomes
