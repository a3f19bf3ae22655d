"""Who wants no messages, and what that keeps from leaving. The rules: docs/decisions/0028-stop-words.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from services.sender.domain.settling import Wish

Kind: TypeAlias = Literal["marketing", "all"]

# Meta's code for a user who stopped marketing: our own refusal says the same to the flow.
OPTED_OUT_CODE = 131050
OPTED_OUT = "OPTED_OUT: the person wants no {what}; the message was not sent"
MARKETING = "MARKETING"
_WINDOW_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class OptOut:
    """A person's word that holds now. `said_at` in seconds since 1970."""

    kind: Kind
    said_at: float


def judged(wish: Wish, opt_outs: Sequence[OptOut], *, category: str) -> Wish:
    """The wish, refused when the recipient wants no such message.

    `category` is the template's; of one that is not known nobody can say that it is no advertising.
    """
    reason = refusal(wish, opt_outs, category=category)
    return wish if reason is None else replace(wish, refusal=reason, refusal_code=OPTED_OUT_CODE)


def refusal(wish: Wish, opt_outs: Sequence[OptOut], *, category: str) -> str | None:
    """Why the message may not leave; None when it may."""
    if not opt_outs or wish.is_read_receipt or wish.is_look or wish.is_confirmation:
        return None
    if wish.template and category.upper() in ("", MARKETING):
        return OPTED_OUT.format(what="marketing messages")
    # Whoever writes after the stop word wants an answer to that.
    written_at = wish.window_closed_at - _WINDOW_SECONDS
    if any(each.kind == "all" and written_at <= each.said_at for each in opt_outs):
        return OPTED_OUT.format(what="messages")
    return None
