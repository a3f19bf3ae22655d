"""What was aimed at, beside what was measured in the same run."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.arithmetic import Spread, paired_ratios, spread
from tests.benchmarks.parts import doors, turn
from tests.benchmarks.parts.contest import Sample


@dataclass(frozen=True, slots=True)
class Target:
    """At most so many microseconds of CPU an item, or so many times what `baseline` took in the same round.

    `process` narrows the contestant's CPU to one process; empty means all of them.
    """

    contestant: str
    at_most: float
    baseline: str = ""
    process: str = ""

    @property
    def name(self) -> str:
        """What it says, in words."""
        whose = f"{self.contestant} ({self.process} alone)" if self.process else self.contestant
        return f"{whose} against {self.baseline}" if self.baseline else whose


TARGETS = (
    Target(turn.TURN, 50.0),
    Target(turn.TEMPLATE, 5.0),
    Target(doors.INGRESS, 1.5, doors.RAW),
    Target(doors.INGRESS, 1.5, doors.RAW_SIGNED),
    Target(doors.INGRESS, 1.5, doors.RAW, "server"),
    Target(doors.INGRESS, 1.5, doors.RAW_SIGNED, "server"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target and what was measured: microseconds, or a ratio when it has a baseline."""

    target: Target
    measured: Spread

    @property
    def is_met(self) -> bool:
        """The median counts."""
        return self.measured.median <= self.target.at_most


def verdicts(samples: Sequence[Sample], targets: Sequence[Target] = TARGETS) -> list[Verdict]:
    """Judge every target whose contestants took part."""
    found = []
    for target in targets:
        values = [_cpu(sample, target.process) for sample in rounds_of(samples, target.contestant)]
        base = [sample.cpu_us_in_all for sample in rounds_of(samples, target.baseline)]
        if values and (base or not target.baseline):
            found.append(Verdict(target, spread(paired_ratios(values, base) if base else values)))
    return found


def rounds_of(samples: Sequence[Sample], contestant: str) -> list[Sample]:
    """Return a contestant's samples, first round first."""
    return sorted((sample for sample in samples if sample.contestant == contestant), key=lambda sample: sample.round)


def _cpu(sample: Sample, process: str) -> float:
    return sample.cpu_us[process] if process else sample.cpu_us_in_all
