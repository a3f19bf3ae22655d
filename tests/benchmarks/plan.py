"""What is run, read from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.scenarios import SCENARIOS
from tests.benchmarks.sizes import Sizes

QUICK_SCENARIOS = ("saturation", "rates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`scenarios` in the order of their table; `rounds` of each load; `with_statuses` is of every scenario."""

    scenarios: tuple[str, ...]
    rounds: int
    sizes: Sizes
    with_statuses: bool


FULL = Sizes(
    seconds=10.0,
    people=2000,
    in_flight=(64, 256),
    rates=(20.0, 100.0, 500.0, 1000.0),
    latency_ms=0.0,
    organizations=10_000,
    few_conversations=10_000,
    conversations=1_000_000,
    backlog=2000,
    sends=2000,
)
QUICK = Sizes(
    seconds=3.0,
    people=300,
    in_flight=(64,),
    rates=(100.0,),
    latency_ms=0.0,
    organizations=200,
    few_conversations=1000,
    conversations=20_000,
    backlog=300,
    sends=300,
)


def read_plan(arguments: Sequence[str]) -> Plan:
    """Read the command line; what is not given comes from the quick or the full form."""
    given = _parser().parse_args(arguments)
    usual = QUICK if given.quick else FULL
    named = given.scenario or (QUICK_SCENARIOS if given.quick else tuple(SCENARIOS))
    latency = usual.latency_ms if given.latency_ms is None else given.latency_ms
    sizes = Sizes(
        seconds=given.seconds or usual.seconds,
        people=given.people or usual.people,
        in_flight=tuple(given.in_flight or usual.in_flight),
        rates=tuple(given.rates or usual.rates),
        latency_ms=latency,
        organizations=given.organizations or usual.organizations,
        few_conversations=given.few_conversations or usual.few_conversations,
        conversations=given.conversations or usual.conversations,
        backlog=given.backlog or usual.backlog,
        sends=given.sends or usual.sends,
    )
    chosen = tuple(name for name in SCENARIOS if name in named)
    return Plan(scenarios=chosen, rounds=given.rounds or 3, sizes=sizes, with_statuses=given.statuses)


def _parser() -> argparse.ArgumentParser:
    scenarios = "\n".join(f"  {name:<14}{scenario.about}" for name, scenario in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="The whole road beside its baselines, in CPU time per message.",
        epilog=f"scenarios:\n{scenarios}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="saturation and 100/s, 3 short rounds, fewer people")
    parser.add_argument("--scenario", nargs="+", choices=list(SCENARIOS), metavar="NAME", help="only these, see below")
    parser.add_argument("--rounds", type=int, help="rounds of every load, variants interleaved (3)")
    parser.add_argument("--seconds", type=float, help="length of one measurement")
    parser.add_argument("--people", type=int, help="contacts who write to each variant")
    parser.add_argument("--in-flight", type=int, nargs="+", help="messages without reply at a time, at saturation")
    parser.add_argument("--rates", type=float, nargs="+", help="messages a second")
    parser.add_argument("--latency-ms", type=float, help="what the Graph API takes to answer (0)")
    parser.add_argument("--statuses", action="store_true", help="three status webhooks follow every reply, everywhere")
    parser.add_argument("--organizations", type=int, help="how many there are in the larger house")
    parser.add_argument("--few-conversations", type=int, help="how many there are in the smaller house")
    parser.add_argument("--conversations", type=int, help="how many there are in the larger house")
    parser.add_argument("--backlog", type=int, help="messages that pile up while a service stands still")
    parser.add_argument("--sends", type=int, help="messages of a campaign")
    return parser
