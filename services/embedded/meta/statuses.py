"""What becomes of an accepted message, told as status webhooks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .clock import Clock
from .delivery import Webhook
from .faults import FaultDice
from .outbox import Outbox
from .people import Person
from .plans import BusinessNumber
from .refusals import ErrorKind, status_error
from .webhooks import status_value

PRICING = {"billable": True, "pricing_model": "PMP", "type": "regular"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted message, without its content."""

    number: BusinessNumber
    person: Person
    wamid: str
    kind: str
    opaque: str
    is_for_group: bool


class StatusTeller:
    """Schedules statuses as the fault plan says: which, how far apart, lost, doubled or shuffled."""

    def __init__(self, *, faults: FaultDice, outbox: Outbox, clock: Clock, name_of: Callable[[Person], str]) -> None:
        self._faults, self._outbox, self._clock, self._name_of = faults, outbox, clock, name_of

    @property
    def planned(self) -> tuple[str, ...]:
        """The statuses every message gets."""
        return self._faults.plan.statuses

    def tell_progress(self, accepted: Accepted, names: tuple[str, ...]) -> None:
        """Tell these statuses one delay after the other; all but `read` carry the price."""
        category = "utility" if accepted.kind == "template" else "service"
        priced: Mapping[str, object] = {"pricing": PRICING | {"category": category}}
        for step, name in enumerate(self._faults.statuses(names), start=1):
            self._tell(accepted, name, step, {} if name == "read" else priced)

    def tell_failure(self, accepted: Accepted, kind: ErrorKind, details: str) -> None:
        """Tell that the message will not be delivered."""
        for name in self._faults.statuses(("failed",)):
            self._tell(accepted, name, 1, {"errors": [status_error(kind, details)]})

    def _tell(self, accepted: Accepted, name: str, step: int, details: Mapping[str, object]) -> None:
        delay = step * self._faults.plan.delay_ms / 1000
        status: dict[str, object] = {"id": accepted.wamid, "status": name}
        status["timestamp"] = str(int(self._clock.now() + delay))
        if accepted.opaque:
            status["biz_opaque_callback_data"] = accepted.opaque
        if accepted.is_for_group:
            status["recipient_type"] = "group"
        number, person = accepted.number, accepted.person
        value = status_value(number, person, self._name_of(person), status | dict(details))
        self._outbox.tell(number.phone_number_id, Webhook(f"status/{accepted.wamid}", value), delay)
