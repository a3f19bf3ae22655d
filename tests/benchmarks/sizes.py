"""How much of everything there is in a run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """`seconds` is the length of one measurement, `rates` are messages a second, `sends` those of a campaign."""

    seconds: float
    people: int
    in_flight: tuple[int, ...]
    rates: tuple[float, ...]
    latency_ms: float
    organizations: int
    few_conversations: int
    conversations: int
    backlog: int
    sends: int
