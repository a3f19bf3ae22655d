"""What every lane of a process shares."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.chassis.clock import Monotonic
from services.chassis.queue import Claim
from services.sender.domain.settling import Turn
from services.sender.ports import Graph, Key, NumberGate, Settlement, Watermark
from services.sender.worker.errand import Errand


class Settle(Protocol):
    """Hands a turn to the one flusher (Batcher over Store.settle)."""

    async def __call__(self, claim: Claim, turn: Turn) -> Settlement:
        """The settlement. Raises errors.Unavailable; then nothing is known about the turn."""


class PauseBook(Protocol):
    """Numbers that are left alone (cache.Pauses)."""

    def refused(self, key: Key, *, code: int, text: str) -> float:
        """Note a refusal; gives how long the number is left alone."""

    def remaining(self, key: Key) -> tuple[float, int, str]:
        """Seconds left, error code, why."""

    def mended(self, key: Key) -> None:
        """The number works."""


class TokenBook(Protocol):
    """Access tokens (cache.Tokens)."""

    async def get(self, keys: Sequence[Key]) -> list[str | None]:
        """The tokens in order, None where a number has none. Raises errors.Unavailable."""

    def forget(self, key: Key) -> None:
        """Read it anew next time."""


class ReadyFiles(Protocol):
    """Gives Meta the files that a message names (files.Files)."""

    async def __call__(self, key: Key, errand: Errand) -> Errand:
        """The errand with its body, refused for good, or held for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every lane of a process shares."""

    settle: Settle
    graph: Graph
    files: ReadyFiles
    gate: NumberGate
    pauses: PauseBook
    tokens: TokenBook
    watermark: Watermark
    monotonic: Monotonic
    reconcile_seconds: float
    fresh_seconds: float
    calls_per_number: int
    is_stopping: Callable[[], bool] = lambda: False
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    dice: Callable[[], float] = random.random
    calls: dict[Key, int] = field(default_factory=dict)
