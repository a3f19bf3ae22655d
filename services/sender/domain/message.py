"""One outbound message and how it may change. State and status only move forward."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from services.sender.domain.codes import Action, rule_of_status

State = Literal["queued", "attempting", "accepted", "failed"]

Key: TypeAlias = tuple[int, int]
"""An organization, and a message or a lane of it, as whole numbers: a UUID is hashed and compared in Python."""

# failed is no rank: it is final only while the message was at most sent (a reader's phone cannot un-read).
RANKS = {"none": 0, "sent": 1, "delivered": 2, "read": 3, "played": 4}
_LAST_RANK_THAT_FAILS = 1
_FIRST_RANK_THAT_ARRIVED = 2


class Price(NamedTuple):
    """What Meta charges a message as: its category and its type; empty where it did not say."""

    category: str = ""
    type: str = ""

    @property
    def is_told(self) -> bool:
        """Whether Meta said anything."""
        return bool(self.category or self.type)


NO_PRICE = Price()


def key_of(organization_id: UUID, other_id: UUID) -> Key:
    """The key of a message or a lane; keys sort as Postgres sorts the UUIDs."""
    return organization_id.int, other_id.int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message's row. `attempts` counts calls; the number of a call is the count when it began.

    A read receipt has a row as well; it is accepted without an id of Meta's, and `error_code` says if Meta refused it.
    `error_action` is what was done about `error_code` (codes.Action); `retries` counts tries that
    some codes allow once more.
    `attempt_age` is seconds since the last call was marked, by the database's clock; None before the first. Of one that
    `is_erased` only counts and times are left, and nothing about it changes any more. `arrived_at_us` is when Meta told
    that it reached a phone, from 1970, 0 before. `campaign_try` is which message to its recipient it is, from 1.
    """

    organization_id: UUID
    message_id: UUID
    lane_id: UUID
    phone_number_id: str
    recipient_wa_id: str = ""
    flow_id: str = ""
    node_id: str = ""
    state: State = "queued"
    attempts: int = 0
    attempt_age: float | None = None
    is_attempted_now: bool = False
    status: str = "none"
    wamids: tuple[str, ...] = ()
    resolved_by: str = ""
    is_maybe_duplicate: bool = False
    error_code: int = 0
    error_text: str = ""
    error_action: str = ""
    retries: int = 0
    is_erased: bool = False
    price: Price = NO_PRICE
    arrived_at_us: int = 0
    campaign_id: UUID | None = None
    campaign_try: int = 0

    @property
    def key(self) -> Key:
        """What names the row."""
        return key_of(self.organization_id, self.message_id)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self.state in ("accepted", "failed")

    @property
    def has_arrived(self) -> bool:
        """Whether it reached a phone: from then on Meta charges it."""
        return RANKS.get(self.status, 0) >= _FIRST_RANK_THAT_ARRIVED


def attempted(message: Message, *, number: int, is_resend: bool) -> Message:
    """The message as its call `number` begins."""
    is_maybe_duplicate = message.is_maybe_duplicate or is_resend
    return replace(
        message, state="attempting", attempts=number, is_attempted_now=True, is_maybe_duplicate=is_maybe_duplicate
    )


def accepted(message: Message, wamid: str, *, by: Literal["response", "status"]) -> Message:
    """Meta has the message as `wamid`. What a failed status ended stays failed; the id is kept all the same."""
    if message.is_erased:
        return message
    is_known = wamid in message.wamids
    if is_known and (message.state == "accepted" or message.status == "failed"):
        return message
    wamids = message.wamids if is_known else (*message.wamids, wamid)
    if message.status == "failed":
        return replace(message, wamids=wamids)
    resolved_by = message.resolved_by or ("resend" if message.is_maybe_duplicate and by == "response" else by)
    return replace(
        message, state="accepted", wamids=wamids, resolved_by=resolved_by, error_code=0, error_text="", error_action=""
    )


def done(message: Message, code: int, text: str) -> Message:
    """What was no message has been settled: no id, no status to come."""
    action = Action.IGNORE.value if text else ""
    return replace(
        message, state="accepted", resolved_by="response", error_code=code, error_text=text, error_action=action
    )


def failed(message: Message, code: int, text: str, action: Action = Action.FAIL_PERMANENT) -> Message:
    """The message will never go out."""
    return replace(message, state="failed", error_code=code, error_text=text, error_action=action.value)


def with_status(
    message: Message, status: str, wamid: str, code: int, *, price: Price = NO_PRICE, told_at_us: int = 0
) -> Message:
    """Apply a status webhook; what would move backwards, or is no status we act upon, changes nothing but a price."""
    if message.is_erased:
        return message
    if status == "failed":
        return _with_failure(message, wamid, code)
    if status not in RANKS or status == "none":
        return message
    moved = accepted(message, wamid, by="status")
    if message.status == "failed":
        return moved
    moved = _priced(moved, price)
    if RANKS[status] <= RANKS[message.status]:
        return moved
    advanced = replace(moved, status=status)
    if advanced.has_arrived and not message.has_arrived:
        return replace(advanced, arrived_at_us=told_at_us)
    return advanced


def _priced(message: Message, price: Price) -> Message:
    """Meta tells a price as it sends a message and again as that arrives; what holds is the one it arrived at.

    Of one that arrived without a price the next that is told holds: statuses come in any order.
    """
    if not price.is_told or price == message.price or (message.has_arrived and message.price.is_told):
        return message
    return replace(message, price=price)


def _with_failure(message: Message, wamid: str, code: int) -> Message:
    wamids = message.wamids if wamid in message.wamids else (*message.wamids, wamid)
    if message.status == "failed" or RANKS[message.status] > _LAST_RANK_THAT_FAILS:
        return replace(message, wamids=wamids)
    resolved_by = message.resolved_by or "status"
    failing = replace(message, status="failed", wamids=wamids, resolved_by=resolved_by)
    text = "Meta reported that the message could not be delivered"
    return failed(failing, code, text, rule_of_status(code).action)
