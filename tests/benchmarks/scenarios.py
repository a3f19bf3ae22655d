"""The scenarios: what each one measures, between whom, and on which side it is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.benchmarks.baselines.names import BASELINES, PLAIN
from tests.benchmarks.load import Load, Rate, Saturation
from tests.benchmarks.measure import Measurement
from tests.benchmarks.names import (
    CLEAR_TEXT,
    ENCRYPTED,
    FIVE_PROCESSES,
    ONE_OF_EACH,
    ONE_PROCESS,
    ROAD,
    TWO_OF_EACH,
    conversations_name,
    organizations_name,
)
from tests.benchmarks.pressure import Backlog, Campaign, Overload
from tests.benchmarks.sizes import Sizes

Side = Literal["baselines", "processes", "organizations", "conversations", "replicas", "encryption"]
"""Who is up at the same time: PyTake beside the baselines, or two houses that differ in one thing."""

BUBBLES_PER_SECOND = 20.0
USUAL_IN_FLIGHT = 64
LONE_PER_SECOND = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`variants` and `loads` depend on the sizes of the run."""

    about: str
    side: Side
    loads: Callable[[Sizes], Sequence[Load]]
    variants: Callable[[Sizes], tuple[str, ...]] = lambda sizes: (ROAD,)


def _usual(sizes: Sizes) -> list[Load]:
    return [Saturation(USUAL_IN_FLIGHT, sizes.seconds)]


SCENARIOS: dict[str, Scenario] = {
    "saturation": Scenario(
        about="as much as 64, then 256 messages in flight let through; all variants",
        side="baselines",
        loads=lambda sizes: [Saturation(count, sizes.seconds) for count in sizes.in_flight],
        variants=lambda sizes: (ROAD, *BASELINES),
    ),
    "rates": Scenario(
        about="20, 100, 500 and 1,000 messages a second; all variants, also those that cannot keep up",
        side="baselines",
        loads=lambda sizes: [Rate(rate, sizes.seconds) for rate in sizes.rates],
        variants=lambda sizes: (ROAD, *BASELINES),
    ),
    "overload": Scenario(
        about="twice what goes through is offered: how soon the webhook is answered; PyTake and the plain monolith",
        side="baselines",
        loads=lambda sizes: [Overload(2.0, sizes.seconds / 2)],
        variants=lambda sizes: (ROAD, PLAIN),
    ),
    "statuses": Scenario(
        about="saturation while sent, delivered and read follow each reply",
        side="baselines",
        loads=lambda sizes: [Saturation(USUAL_IN_FLIGHT, sizes.seconds, with_statuses=True)],
    ),
    "long": Scenario(
        about="saturation with a dialogue of 24 questions in a row",
        side="baselines",
        loads=lambda sizes: [Saturation(USUAL_IN_FLIGHT, sizes.seconds, cast="long")],
    ),
    "three-bubbles": Scenario(
        about="each message is answered by three texts, 20 messages a second: the gap between them",
        side="baselines",
        loads=lambda sizes: [Rate(BUBBLES_PER_SECOND, sizes.seconds, cast="bubbles")],
    ),
    "campaign": Scenario(
        about="sends straight into sender's Enqueue, signed as executor: CPU per send",
        side="baselines",
        loads=lambda sizes: [Campaign(min(sizes.sends, sizes.people))],
    ),
    "backlog": Scenario(
        about="executor stands still while messages come in; CPU and messages a second while they are worked off",
        side="baselines",
        loads=lambda sizes: [Backlog(min(sizes.backlog, sizes.people))],
    ),
    "processes": Scenario(
        about="the five services, against the same code in one process without gRPC between: what the split costs",
        side="processes",
        loads=lambda sizes: [Saturation(count, sizes.seconds) for count in sizes.in_flight],
        variants=lambda sizes: (FIVE_PROCESSES, ONE_PROCESS),
    ),
    "organizations": Scenario(
        about="all numbers in one organization, against an organization for each number",
        side="organizations",
        loads=_usual,
        variants=lambda sizes: (organizations_name(1), organizations_name(sizes.organizations)),
    ),
    "conversations": Scenario(
        about="tables with few conversations, against tables with many; writers drawn from all of them",
        side="conversations",
        loads=_usual,
        variants=lambda sizes: (conversations_name(sizes.few_conversations), conversations_name(sizes.conversations)),
    ),
    "replicas": Scenario(
        about="one process of each service, against two",
        side="replicas",
        loads=_usual,
        variants=lambda sizes: (ONE_OF_EACH, TWO_OF_EACH),
    ),
    "encryption": Scenario(
        about="gRPC in clear text, against certificates at both ends of every connection",
        side="encryption",
        # Many messages share a record of TLS, lone ones have records of their own.
        loads=lambda sizes: [*_usual(sizes), Rate(LONE_PER_SECOND, sizes.seconds)],
        variants=lambda sizes: (CLEAR_TEXT, ENCRYPTED),
    ),
}


def measurements(names: Sequence[str], side: Side, sizes: Sizes) -> list[Measurement]:
    """What these scenarios measure on one side, in their order."""
    return [
        Measurement(name, load, scenario.variants(sizes))
        for name, scenario in SCENARIOS.items()
        if name in names and scenario.side == side
        for load in scenario.loads(sizes)
    ]


def sides(names: Sequence[str]) -> list[Side]:
    """The sides these scenarios need, each once, in order."""
    return list(dict.fromkeys(scenario.side for name, scenario in SCENARIOS.items() if name in names))
