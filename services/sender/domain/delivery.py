"""What analytics is told about a message."""

from __future__ import annotations

from dataclasses import dataclass

from services.sender.domain.message import RANKS, Message


@dataclass(frozen=True, slots=True)
class Delivery:
    """One step forward of a message: accepted, a status, or failed. `occurred_at_us` counts from 1970.

    `former_status` is Meta's status before it, empty when there was none: a message that is read without having been
    told delivered is delivered all the same.
    """

    message: Message
    status: str
    error_code: int
    occurred_at_us: int
    former_status: str = ""

    @property
    def record_id(self) -> str:
        """The key under which it counts once."""
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
    """The steps between two forms of a message; a read receipt that is done (accepted without an id) is none."""
    steps = []
    if after.state == "accepted" and before.state != "accepted" and after.wamids:
        steps.append("accepted")
    if after.status != before.status:
        steps.append(after.status)
    elif after.state == "failed" and before.state != "failed":
        steps.append("failed")
    former = "" if before.status == "none" else before.status
    return [
        Delivery(after, step, after.error_code if step == "failed" else 0, occurred_at_us, former) for step in steps
    ]
