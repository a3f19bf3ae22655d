"""What Meta tells of a number, or of an account, beside the answers to its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberNews:
    """What a webhook told of a number, or (`phone_number_id` empty) of all numbers of an account.

    What was not told is empty, 0 or None; `users_per_day` 0 is no limit. `told_at_ms` in milliseconds since 1970.
    """

    waba_id: str
    phone_number_id: str = ""
    messages_per_second: int = 0
    users_per_day: int | None = None
    quality: str = ""
    account_state: Literal["", "STOPPED", "RESUMED"] = ""
    told_at_ms: int = 0


def lesser(given: int, told: int) -> int:
    """Of a limit that was given and the one Meta told the lower one holds; 0 is none."""
    return min(given, told) if given and told else given or told
