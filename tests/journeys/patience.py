"""Waiting for what happens elsewhere: ask again until it is so, and give up in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

DEADLINE_SECONDS = 30.0
_BETWEEN_SECONDS = 0.05


def eventually(
    ask: Callable[[], Answer | None], what: str, *, seconds: float = DEADLINE_SECONDS, between: float = _BETWEEN_SECONDS
) -> Answer:
    """The first answer that is truthy. Raises TimeoutError, naming `what` did not come, with the last answer."""
    give_up_at = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s; the last answer was {answer!r}")
        time.sleep(between)
