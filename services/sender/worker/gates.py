"""What a message has to pass before it may ask for its call: pause, token, calls under way, number limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.sender.domain.settling import Hold
from services.sender.ports import Key
from services.sender.worker.surroundings import Surroundings

# A lane keeps its place for a moment of its number this near; for a later one it makes room for others.
_SHORT_WAIT = 0.25
# How often a number without token, or with too many calls under way, is looked at again.
_NO_TOKEN_SECONDS = 60.0
_CROWDED_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gates say: the token to use, why the message may not leave now, or when (monotonic; 0: at once)."""

    token: str = ""
    hold: Hold | None = None
    leaves_at: float = 0.0


async def pass_gates(around: Surroundings, keys: Sequence[Key]) -> list[Passage]:
    """Ask for one message of each of these numbers, in order. Raises errors.Unavailable: no token could be read."""
    passages: list[Passage | None] = [_pause(around, key) for key in keys]
    tokens = await around.tokens.get(keys)
    under_way: dict[Key, int] = {}
    asking = []
    for index, (key, token) in enumerate(zip(keys, tokens, strict=True)):
        if passages[index] is not None:
            continue
        if token is None:
            text = "waits: the number has no access token; put one with `pytake apply`"
            passages[index] = Passage(hold=Hold(_NO_TOKEN_SECONDS, text))
            continue
        calls = under_way.get(key, 0) + around.calls.get(key, 0)
        if calls >= around.calls_per_number:
            passages[index] = Passage(hold=Hold(_CROWDED_SECONDS * (1 + around.dice())))
            continue
        under_way[key] = under_way.get(key, 0) + 1
        asking.append((index, token))
    reserved = await around.gate.reserve([keys[index][1] for index, _ in asking], within=_SHORT_WAIT)
    for (index, token), (is_reserved, wait) in zip(asking, reserved, strict=True):
        if not is_reserved:
            passages[index] = Passage(hold=Hold(wait))
        else:
            passages[index] = Passage(token, leaves_at=around.monotonic() + wait if wait > 0 else 0.0)
    return [passage for passage in passages if passage is not None]


def _pause(around: Surroundings, key: Key) -> Passage | None:
    seconds, code, text = around.pauses.remaining(key)
    return Passage(hold=Hold(seconds + around.dice(), f"waits: {text}", code)) if seconds > 0 else None
