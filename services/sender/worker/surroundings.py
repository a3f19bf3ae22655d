"""What every lane of a process shares."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.chassis import clock
from services.chassis.clock import Monotonic
from services.chassis.queue import Claim
from services.sender.domain.patience import Told
from services.sender.domain.pausing import PauseName
from services.sender.domain.settling import Turn
from services.sender.domain.templates import Shape, TemplateKey
from services.sender.ports import (
    Graph,
    Key,
    NumberFacts,
    NumberGate,
    PausedAs,
    ReachStore,
    Settlement,
    Watermark,
)
from services.sender.worker.errand import Errand


class Settle(Protocol):
    """Hands a turn to the one flusher (Batcher over Store.settle)."""

    async def __call__(self, claim: Claim, turn: Turn) -> Settlement:
        """The settlement. Raises errors.Unavailable; then nothing is known about the turn."""


class PauseBook(Protocol):
    """What Meta refuses as a whole (cache.Pauses)."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is paused, as nearly always."""

    def remaining(self, names: Sequence[PauseName]) -> PausedAs | None:
        """The pause that holds these names up the longest; 0 seconds: a probe is due. None when nothing does."""

    async def take_probe(self, name: PauseName) -> bool:
        """Whether the one message that tries is the caller's. Raises errors.Unavailable."""

    async def refused(self, name: PauseName, *, phone_number_id: str, code: int, text: str, seconds: float) -> float:
        """Note a refusal; gives how long what it names is left alone."""

    async def ended(self, names: Sequence[PauseName]) -> None:
        """What these names stand for works."""


class NumberBook(Protocol):
    """What is known of numbers (cache.Numbers)."""

    async def get(self, keys: Sequence[Key]) -> list[NumberFacts]:
        """The facts in order; a number without a token has none in them. Raises errors.Unavailable."""

    def forget(self, key: Key) -> None:
        """Read it anew next time."""

    def alike(self, key: Key, facts: NumberFacts, *, is_same_app: bool) -> list[str]:
        """The organization's numbers this process sends from with the same token, or else of the same account."""


class TemplateBook(Protocol):
    """What templates take (cache.Templates)."""

    async def get(self, keys: Sequence[TemplateKey]) -> list[Shape | None]:
        """The shapes in order, None of a template that is not known. Raises errors.Unavailable."""


class ReadyFiles(Protocol):
    """Gives Meta the files that a message names (files.Files)."""

    async def __call__(self, key: Key, errand: Errand) -> Errand:
        """The errand with its body, refused for good, or held for a while."""

    async def renew(self, key: Key, errand: Errand) -> bool:
        """Meta would not send it with the files it was given; whether another try will give other ids."""


class AgeBook(Protocol):
    """How late statuses come (cache.StatusAges)."""

    def told(self, key: Key, *, moment: float) -> Told:
        """What statuses of this number told of lately; `moment` in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every lane of a process shares. `messages_per_second` is for numbers of which nothing else is known."""

    settle: Settle
    graph: Graph
    files: ReadyFiles
    gate: NumberGate
    pauses: PauseBook
    numbers: NumberBook
    templates: TemplateBook
    reach: ReachStore
    watermark: Watermark
    ages: AgeBook
    monotonic: Monotonic
    reconcile_seconds: float
    fresh_seconds: float
    calls_per_number: int
    messages_per_second: float
    is_stopping: Callable[[], bool] = lambda: False
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    dice: Callable[[], float] = random.random
    unix_seconds: Callable[[], float] = clock.unix_seconds
    calls: dict[Key, int] = field(default_factory=dict)
