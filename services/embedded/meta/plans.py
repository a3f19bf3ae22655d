"""What can be configured while the simulator runs, as plain data, and how JSON becomes that data."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar, get_type_hints

Plan = TypeVar("Plan")

STATUSES = ("sent", "delivered", "read")


class InputError(ValueError):
    """Something sent to the simulator itself does not fit; the text says what."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Meta's limits of one business number; zero turns a limit off."""

    messages_per_second: float = 80.0
    pair_burst: int = 45
    pair_interval_seconds: float = 6.0
    window_hours: float = 24.0
    strict_window: bool = False
    """Off: a user this process never heard from counts as inside the window, since the simulator forgets on
    restart and tests may post webhooks themselves. On: as Meta, only users who wrote first."""


@dataclass(frozen=True, slots=True)
class BusinessNumber:
    """One WhatsApp business number with the app that listens to it."""

    phone_number_id: str
    display_phone_number: str
    waba_id: str
    access_tokens: tuple[str, ...]
    app_secret: str
    webhook_url: str = ""
    verified_name: str = "Test business"
    quality_rating: str = "GREEN"
    messaging_limit: str = "TIER_2K"
    subscribed: bool = True
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Faults:
    """How the simulator misbehaves. KINDS are probabilities from 0 to 1; a request meets one kind at most.

    `latency_ms` delays the answer, not the acceptance. Statuses follow each other `delay_ms` apart.
    """

    KINDS: ClassVar[tuple[str, ...]] = (
        "rate_limited", "pair_limited", "refuse_transient", "refuse_for_good", "reset_before_accept",
        "accept_hang", "accept_reset", "accept_502", "accept_garbage",
    )  # fmt: skip

    seed: int | None = None
    rate_limited: float = 0.0
    pair_limited: float = 0.0
    refuse_transient: float = 0.0
    refuse_for_good: float = 0.0
    reset_before_accept: float = 0.0
    accept_hang: float = 0.0
    accept_reset: float = 0.0
    accept_502: float = 0.0
    accept_garbage: float = 0.0
    hang_seconds: float = 120.0
    latency_ms: float = 0.0
    statuses: tuple[str, ...] = ("sent", "delivered")
    delay_ms: float = 100.0
    shuffle: bool = False
    drop: float = 0.0
    duplicate: float = 0.0

    def __post_init__(self) -> None:
        shares = [getattr(self, kind) for kind in self.KINDS]
        if min(shares) < 0 or sum(shares) > 1:
            raise InputError("the probabilities of the fault kinds must be 0 or more and add up to 1 at most")
        if not (0 <= self.drop <= 1 and 0 <= self.duplicate <= 1):
            raise InputError("drop and duplicate are probabilities from 0 to 1")
        if unknown := set(self.statuses) - set(STATUSES):
            raise InputError(f"unknown statuses: {', '.join(sorted(unknown))}")


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """How webhooks travel: at most `concurrency` POSTs at a time and number, `batch_size` events in one POST.

    `out_of_order_ms` above zero holds every webhook back by a random time up to it and keeps no order;
    otherwise one phone's messages, and one message's statuses, arrive in order.
    """

    concurrency: int = 16
    batch_size: int = 1
    out_of_order_ms: float = 0.0
    timeout_seconds: float = 20.0

    def __post_init__(self) -> None:
        if self.concurrency < 1 or not 1 <= self.batch_size <= 1000:
            raise InputError("concurrency is at least 1, batch_size from 1 to Meta's 1000")


def read_plan(kind: type[Plan], values: object) -> Plan:
    """Build a plan from a JSON object, missing keys taking the default. Raises InputError."""
    if not isinstance(values, Mapping):
        raise InputError("a JSON object is expected")
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name != "KINDS"}
    if unknown := {str(name) for name in values} - set(hints):
        raise InputError(f"unknown settings: {', '.join(sorted(unknown))}")
    arguments = {str(name): _fit(str(name), hints[str(name)], value) for name, value in values.items()}
    try:
        return kind(**arguments)
    except TypeError as error:
        raise InputError(str(error).partition("()")[2].strip() or str(error)) from None


def plan_to_json(plan: object) -> dict[str, object]:
    """The plan as JSON values, readable again by read_plan."""
    assert dataclasses.is_dataclass(plan)
    assert not isinstance(plan, type)
    return dataclasses.asdict(plan)


def _fit(name: str, hint: object, value: object) -> object:
    if hint == tuple[str, ...] and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if hint is Limits:
        return read_plan(Limits, value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint == (int | None) and (value is None or type(value) is int):
        return value
    if type(value) is hint:
        return value
    raise InputError(f"{name} has a value of the wrong kind")
