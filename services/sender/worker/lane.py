"""One lane's walk: its messages in order, each leaving right after the answer to the one before."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from services.chassis.clock import Monotonic
from services.chassis.errors import Unavailable
from services.chassis.logs import get_logger
from services.chassis.queue import Claim
from services.sender.domain.answers import Accepted, Answer, Paused, Refused, Scope, Throttled
from services.sender.domain.patience import reconcile_wait, rest_after
from services.sender.domain.settling import (
    IN_DOUBT,
    Granted,
    Hold,
    InDoubt,
    Lost,
    Outcome,
    Ready,
    Released,
    Skipped,
    Turn,
    Wish,
)
from services.sender.ports import Graph, Key, NumberGate, Settlement, Watermark
from services.sender.worker.errand import Errand, errand_of

_log = get_logger(__name__)

# A lane keeps its place for a moment of its number this near; for a later one it makes room for others.
_SHORT_WAIT = 0.25
# How often a doubt that is old enough looks at the watermark again.
_WATERMARK_POLL = 1.0
# How often a number without token, or with too many calls under way, is looked at again.
_NO_TOKEN_SECONDS = 60.0
_CROWDED_SECONDS = 0.2
_STORE_RETRY = 0.2


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

    async def get(self, key: Key) -> str | None:
        """The token, or None."""

    def forget(self, key: Key) -> None:
        """Read it anew next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every lane of a process shares."""

    settle: Settle
    graph: Graph
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


@dataclass(slots=True)
class Walk:
    """A claimed lane on its way: how far it is finished, and the outcome that is not written yet.

    `is_lost` is set when its lease could not be renewed, `was_repeated` when the last turn was handed over more than
    once, `has_wished` when this holder asked for a call of the present message, `doubted` for a resend of which call.
    """

    claim: Claim
    around: Surroundings
    head: int
    outcome: Outcome | None = None
    is_lost: bool = False
    granted_at: float = 0.0
    token: str = ""
    was_repeated: bool = False
    has_wished: bool = False
    doubted: int | None = None

    async def run(self) -> Settlement:
        """Go through the claimed items; gives how the lane was released or lost."""
        for index, item in enumerate(self.claim.items):
            is_last = index == len(self.claim.items) - 1
            errand = errand_of(item, position=self.claim.until if is_last else item.position)
            ended = await self._deliver(errand, is_suspect=index == 0 and self._is_suspect)
            if ended is not None:
                return ended
            if self.around.is_stopping():
                return await self._settle(Turn(self.head, self.outcome))
        # A claim without items (all were repeats) still has to come to its end.
        head = self.head if self.claim.items else self.claim.until
        return await self._settle(Turn(head, self.outcome))

    @property
    def _is_suspect(self) -> bool:
        """Whether the head may have been called for by an earlier holder: it died, or it left a doubt."""
        return self.claim.attempts > 1 or self.claim.last_error == IN_DOUBT

    @property
    def _organization_id(self) -> UUID:
        return self.claim.group_id

    async def _deliver(self, errand: Errand, *, is_suspect: bool) -> Settlement | None:
        """Bring one message to an end; a settlement when the lane is released or lost instead."""
        self.doubted, self.has_wished = None, False
        settlement = await (self._look(errand) if is_suspect else self._wish(errand))
        while True:
            match settlement.verdict:
                case Granted() as granted:
                    answer = await self._call(errand, granted)
                    if isinstance(answer, Accepted | Refused):
                        return None
                    return await self._settle(Turn(self.head, self.outcome))
                case Skipped():
                    self.head = errand.position
                    return None
                case Ready():
                    settlement = await self._wish(errand)
                case InDoubt() as doubt:
                    settlement = await self._resolve(errand, doubt)
                case Released() | Lost():
                    return settlement

    async def _wish(self, errand: Errand, *, doubted: int | None = None) -> Settlement:
        """Pass the gates and ask for the permission to call."""
        wish = Wish(errand.message_id, errand.position, errand.window_expires_at, doubted, refusal=errand.refusal)
        if errand.refusal is None:
            wish = replace(wish, hold=await self._pass_gates(errand))
        self.doubted, self.has_wished = doubted, True
        return await self._ask(wish)

    async def _look(self, errand: Errand) -> Settlement:
        """Only see how the message stands; writes the outcome in hand."""
        return await self._ask(Wish(errand.message_id, errand.position, errand.window_expires_at, is_look=True))

    async def _ask(self, wish: Wish) -> Settlement:
        turn = Turn(self.head, self.outcome, wish)
        settlement = await self._settle(turn)
        if self.outcome is not None and not isinstance(settlement.verdict, Released | Lost):
            self.head = max(self.head, self.outcome.position)
            self.outcome = None
        return settlement

    async def _resolve(self, errand: Errand, doubt: InDoubt) -> Settlement:
        """A call without known outcome: wait for a status until time and watermark allow to send again."""
        if self.was_repeated and self.has_wished and self.doubted != doubt.number:
            # The mark is our own: its commit succeeded although we were told that Postgres was away. No call was made.
            wish = Wish(errand.message_id, errand.position, errand.window_expires_at, renewed=doubt.number)
            return await self._ask(wish)
        rest = reconcile_wait(doubt.number, self.around.reconcile_seconds) - doubt.age
        if rest > 0:
            return await self._settle(Turn(self.head, self.outcome, wait=rest, note=IN_DOUBT))
        if not await self.around.watermark.is_clear():
            return await self._settle(Turn(self.head, self.outcome, wait=_WATERMARK_POLL, note=IN_DOUBT))
        return await self._wish(errand, doubted=doubt.number)

    async def _pass_gates(self, errand: Errand) -> Hold | None:
        """Pause, token, calls under way, number limit: why the message may not leave now, if so."""
        key = (self._organization_id, errand.phone_number_id)
        seconds, code, text = self.around.pauses.remaining(key)
        if seconds > 0:
            return Hold(seconds + self.around.dice(), f"waits: {text}", code)
        token = await self._token(key)
        if token is None:
            return Hold(_NO_TOKEN_SECONDS, "waits: the number has no access token; put one with `pytake apply`")
        self.token = token
        if self.around.calls.get(key, 0) >= self.around.calls_per_number:
            return Hold(_CROWDED_SECONDS * (1 + self.around.dice()))
        is_reserved, wait = await self.around.gate.reserve(errand.phone_number_id, within=_SHORT_WAIT)
        if not is_reserved:
            return Hold(wait)
        if wait > 0:
            await self._wait_with_clean_hands(errand, wait)
        return None

    async def _wait_with_clean_hands(self, errand: Errand, seconds: float) -> None:
        """Write the outcome in hand before waiting: a crash meanwhile must not make a doubt of it."""
        if self.outcome is not None:
            await self._look(errand)
        await self.around.pause(seconds)

    async def _token(self, key: Key) -> str | None:
        while True:
            try:
                return await self.around.tokens.get(key)
            except Unavailable:
                await self.around.pause(_STORE_RETRY)

    async def _call(self, errand: Errand, granted: Granted) -> Answer:
        key = (self._organization_id, errand.phone_number_id)
        calls = self.around.calls
        calls[key] = calls.get(key, 0) + 1
        try:
            answer = await self.around.graph.post(
                phone_number_id=errand.phone_number_id, token=self.token, body=errand.body, is_fresh=self._is_fresh
            )
        finally:
            calls[key] -= 1
            if not calls[key]:
                del calls[key]
        wait = await self._draw_conclusions(key, answer, granted.number)
        self.outcome = Outcome(
            errand.message_id, granted.number, answer, errand.position, errand.window_expires_at, wait
        )
        return answer

    def _is_fresh(self) -> bool:
        """Asked right before the request is written: a process that was frozen must not send on an old permission."""
        return not self.is_lost and self.around.monotonic() - self.granted_at < self.around.fresh_seconds

    async def _draw_conclusions(self, key: Key, answer: Answer, number: int) -> float | None:
        """What other lanes should know; gives how long this one rests."""
        wait = rest_after(answer, number=number, reconcile_seconds=self.around.reconcile_seconds)
        if isinstance(answer, Paused):
            if answer.scope is Scope.CREDENTIALS:
                self.around.tokens.forget(key)
            return self.around.pauses.refused(key, code=answer.code, text=answer.text) + self.around.dice()
        if isinstance(answer, Throttled) and wait is not None and answer.scope in (Scope.NUMBER, Scope.APP):
            await self.around.gate.penalize(key[1], seconds=wait)
        if isinstance(answer, Accepted):
            self.around.pauses.mended(key)
        return wait

    async def _settle(self, turn: Turn) -> Settlement:
        """Write a turn, again and again while the database is away: an outcome in hand must not be lost."""
        self.was_repeated = False
        while True:
            # A permission counts from before its commit.
            self.granted_at = self.around.monotonic()
            try:
                return await self.around.settle(self.claim, turn)
            except Unavailable as error:
                self.was_repeated = True
                _log.warning("settle_waits", reason=error.code)
                await self.around.pause(_STORE_RETRY * (1 + self.around.dice()))
