"""What issue 3 asks for, held against what one run measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.benchmarks.arithmetic import Spread, paired_ratios, spread
from tests.benchmarks.baselines.names import AIOHTTP, HTTPX, NAIVE, PLAIN
from tests.benchmarks.names import FIVE_PROCESSES, ONE_PROCESS, ROAD, conversations_name, organizations_name
from tests.benchmarks.sample import Sample
from tests.benchmarks.sizes import Sizes

SERVICES = ("ingress", "router", "executor", "sender", "analytics")
CPU_SHARES = {HTTPX: 1 / 12, AIOHTTP: 1 / 10, PLAIN: 1 / 5, NAIVE: 1 / 40}
"""At most this much of a baseline's CPU per message, at saturation with as many in flight."""

Figure = Callable[[Sample], float | None]


@dataclass(frozen=True, slots=True)
class Target:
    """One target and what was measured for it; `values` has one for each round and is empty when nothing was."""

    measure: str
    limit: float
    unit: str
    values: tuple[float, ...]
    limit_text: str = ""

    @property
    def verdict(self) -> str:
        """The median decides."""
        if not self.values:
            return "not measured"
        return "met" if self.median <= self.limit else "missed"

    @property
    def median(self) -> float:
        return self.spread.median

    @property
    def spread(self) -> Spread:
        return spread(self.values)


def targets(samples: Sequence[Sample], sizes: Sizes) -> list[Target]:
    """Hold every target against the samples of one run; ratios only within a round."""
    return list(_Run(samples, sizes).targets())


class _Run:
    def __init__(self, samples: Sequence[Sample], sizes: Sizes) -> None:
        self._samples = samples
        self._sizes = sizes

    def targets(self) -> Iterator[Target]:
        for in_flight in self._sizes.in_flight:
            yield from self._saturation(f"saturation, {in_flight} in flight")
            ratios = self._ratios("processes", f"saturation, {in_flight} in flight", FIVE_PROCESSES, ONE_PROCESS, _cpu)
            yield Target(f"CPU against one process, {in_flight} in flight", 1.25, "of it", ratios)
        cpu = self._values("statuses", None, ROAD, _cpu)
        yield Target("CPU a message with three statuses a reply", 1.2, "ms", cpu)
        yield from self._rates()
        yield Target(
            "gap between three bubbles, p50, beyond the Graph's time", 3.0, "ms",
            self._values("three-bubbles", None, ROAD, lambda sample: sample.gap_p50_ms),
        )  # fmt: skip
        overload = ("overload", None, ROAD)
        yield Target(
            "webhook answer at 2x saturation, p50", 250.0, "ms", self._values(*overload, lambda s: s.answer_p50_ms)
        )
        slow = self._values(*overload, lambda sample: 100 * sample.slow_answers)
        yield Target("webhook answers over 1 s at 2x saturation", 1.0, "%", slow)
        yield from self._growth()
        yield self._memory()

    def _saturation(self, load: str) -> Iterator[Target]:
        yield Target(f"CPU a message, {load}", 0.6, "ms", self._values("saturation", load, ROAD, _cpu))
        for baseline, share in CPU_SHARES.items():
            ratios = self._ratios("saturation", load, ROAD, baseline, _cpu)
            text = f"1/{1 / share:.0f} (≤ {share:.3f})"
            yield Target(f"CPU against {baseline}, {load}", share, "of it", ratios, limit_text=text)

    def _rates(self) -> Iterator[Target]:
        for baseline, limit in ((HTTPX, 0.8), (AIOHTTP, 0.8), (PLAIN, 1.5)):
            ratios = self._ratios("rates", "20 messages a second", ROAD, baseline, lambda s: s.reply_p50_ms)
            yield Target(f"reply p50 at 20/s against {baseline}", limit, "of it", ratios)
        p99 = self._values("rates", "100 messages a second", ROAD, lambda s: s.reply_p99_ms)
        yield Target("reply p99 at 100/s", 30.0, "ms", p99)
        ratios = self._ratios("rates", "100 messages a second", ROAD, PLAIN, _cpu)
        yield Target(f"CPU at 100/s against {PLAIN}", 1.2, "of it", ratios)

    def _growth(self) -> Iterator[Target]:
        many, few = conversations_name(self._sizes.conversations), conversations_name(self._sizes.few_conversations)
        measure = f"CPU with {self._sizes.conversations:,} conversations against {self._sizes.few_conversations:,}"
        yield Target(measure, 1.2, "of it", self._ratios("conversations", None, many, few, _cpu))
        organizations = organizations_name(self._sizes.organizations)
        measure = f"CPU with {self._sizes.organizations:,} organizations against one"
        ratios = self._ratios("organizations", None, organizations, organizations_name(1), _cpu)
        yield Target(measure, 1.2, "of it", ratios)

    def _memory(self) -> Target:
        values = self._values("saturation", None, ROAD, _largest_service)
        return Target("resident memory of the largest service at saturation", 120.0, "MB", values)

    def _rounds(self, scenario: str, load: str | None, variant: str) -> list[Sample]:
        chosen = [
            sample
            for sample in self._samples
            if sample.scenario == scenario and sample.variant == variant and load in (None, sample.load)
        ]
        return sorted(chosen, key=lambda sample: (sample.load, sample.round))

    def _values(self, scenario: str, load: str | None, variant: str, figure: Figure) -> tuple[float, ...]:
        figures = [figure(sample) for sample in self._rounds(scenario, load, variant)]
        return tuple(value for value in figures if value is not None)

    def _ratios(self, scenario: str, load: str | None, variant: str, base: str, figure: Figure) -> tuple[float, ...]:
        values = self._values(scenario, load, variant, figure)
        bases = self._values(scenario, load, base, figure)
        return tuple(paired_ratios(values, bases)) if len(values) == len(bases) else ()


def _cpu(sample: Sample) -> float:
    return sample.cpu_ms_in_all


def _largest_service(sample: Sample) -> float | None:
    sizes = [sample.memory_mb[name] for name in SERVICES if name in sample.memory_mb]
    return max(sizes, default=None)
