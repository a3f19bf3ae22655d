"""What became of one item of a batch, and the checks before it goes anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from services.router.domain.identity import MOST_CHARACTERS, Identity
from services.router.domain.message import Message
from services.router.domain.organization import NumberPlan

Kind = Literal["ok", "duplicate", "retry", "invalid", "unroutable", "erased"]

# Long enough for a killed peer to be back, short enough not to be felt.
RETRY_MILLISECONDS = 200


class Outcome(NamedTuple):
    """As results.proto's ItemResult."""

    kind: Kind
    retry_after_ms: int = 0
    reason: str = ""


# ingress names the app of META_APP_SECRET so; no organization has the nil UUID.
HOUSE_APP = "00000000-0000-0000-0000-000000000000/house"

OK = Outcome("ok")
RETRY = Outcome("retry", RETRY_MILLISECONDS)
ERASED = Outcome("erased")


def unroutable(reason: str) -> Outcome:
    """Belongs to nobody here, and why."""
    return Outcome("unroutable", reason=reason)


def refusal_of_number(phone_number_id: str, plan: NumberPlan | None, signed_by: Sequence[str]) -> Outcome | None:
    """Why this number takes nothing from these Meta apps; None when it does."""
    if plan is None:
        return unroutable(f"no organization has the number {phone_number_id}; add it with `pytake apply`")
    # Two apps may share a secret, so all whose secret fits are named; it is enough that ours is among them. The house's
    # own app (META_APP_SECRET) is the operator's and signs for every number.
    if plan.number.app and not {plan.number.app, HOUSE_APP} & set(signed_by):
        return unroutable(f"the number {phone_number_id} is bound to {plan.number.app}; signed by another Meta app")
    return None


def refusal_of_message(message: Message, plan: NumberPlan | None) -> Outcome | None:
    """Why this message goes nowhere; None when it may go on."""
    refusal = refusal_of_number(message.phone_number_id, plan, message.signed_by)
    if refusal is not None or plan is None:
        return refusal
    return refusal_of_rest(plan)


def refusal_of_rest(plan: NumberPlan) -> Outcome | None:
    """Why a number that takes what it is sent leads nowhere now; None when it does not rest."""
    if plan.number.is_active:
        return None
    number = plan.number.phone_number_id
    return unroutable(f"the number {number} is not active; set is_active with `pytake apply`")


def refusal_of_identities(identities: Sequence[Identity], parent: Identity | None) -> Outcome | None:
    """Why these identities name no contact; None when they do."""
    if not identities:
        return unroutable("the message names no contact: neither a phone number nor a user id")
    for identity in (*identities, *((parent,) if parent else ())):
        if len(identity.value) > MOST_CHARACTERS or "\0" in identity.value:
            return Outcome(
                "invalid", reason=f"{identity.kind} is longer than {MOST_CHARACTERS} characters or holds a NUL"
            )
    return None
