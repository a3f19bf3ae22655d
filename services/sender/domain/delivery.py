"""What analytics is told about a message."""

from __future__ import annotations

from dataclasses import dataclass

from services.sender.domain.message import NO_PRICE, RANKS, Message, Price

PRICED = "priced"
"""No status of Meta's: the price of a message came after it had arrived."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One step forward of a message: accepted, a status, failed, or priced. `occurred_at_us` counts from 1970.

    `former_status` is the step before it, empty when there was none: a message that is read without having been told
    delivered is delivered all the same. Taken together the steps of a message lead from nothing to what became of it.
    `error_code` is that of a failure, this one's or the one that is taken back. `price` is told on one step of a
    message: the one by which it has arrived and Meta has said what it charges.
    """

    message: Message
    status: str
    error_code: int
    occurred_at_us: int
    former_status: str = ""
    price: Price = NO_PRICE

    @property
    def record_id(self) -> str:
        """The key under which it counts once."""
        if self.status == PRICED:
            return f"price:{self.message.message_id}"
        return f"delivery:{self.message.message_id}:{self.status}"

    @property
    def is_of_flow(self) -> bool:
        """Whether a node of a flow said the message."""
        return bool(self.message.flow_id and self.message.node_id)

    @property
    def sequence(self) -> int:
        """Order among steps of the same moment."""
        return RANKS.get(self.status, 0)


def deliveries(before: Message, after: Message, occurred_at_us: int) -> list[Delivery]:
    """The steps between two forms of a message; a read receipt that is done (accepted without an id) is none.

    One that failed and fails again took no step. A price that comes late counts from when the message arrived.
    """
    steps = []
    if after.state == "accepted" and before.state != "accepted" and after.wamids:
        steps.append("accepted")
    fails_again = before.state == "failed" and after.state == "failed"
    if after.status != before.status and not fails_again:
        steps.append(after.status)
    elif after.state == "failed" and before.state != "failed":
        steps.append("failed")
    is_charged = _is_charged(after) and not _is_charged(before)
    told = []
    former = _step_reached(before)
    for step in steps:
        code = after.error_code if step == "failed" else before.error_code if former == "failed" else 0
        price = after.price if is_charged and step == after.status and not before.has_arrived else NO_PRICE
        told.append(Delivery(after, step, code, occurred_at_us, former, price))
        former = step
    if is_charged and before.has_arrived:
        told.append(Delivery(after, PRICED, 0, after.arrived_at_us or occurred_at_us, former, after.price))
    return told


def _is_charged(message: Message) -> bool:
    return message.has_arrived and message.price.is_told


def _step_reached(message: Message) -> str:
    """The last step of a message; empty before the first."""
    if message.state == "failed":
        return "failed"
    if message.status != "none":
        return message.status
    return "accepted" if message.state == "accepted" else ""
