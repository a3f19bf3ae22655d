"""Whom a portfolio may still reach outside the 24 hour window: so many different users in any 24 hours."""

from __future__ import annotations

from collections.abc import Sequence, Set


def admitted(asked: Sequence[str], reached: Set[str], *, users: int, limit: int) -> list[bool]:
    """Per recipient, in order, whether it may be reached; `reached` were within the day and count among `users`."""
    known, left = set(reached), limit - users
    answers = []
    for recipient in asked:
        if recipient not in known and left > 0:
            known.add(recipient)
            left -= 1
        answers.append(recipient in known)
    return answers
