"""The two pictures of every load: CPU a message by process, and how long replies take."""

import re
from collections.abc import Sequence

from tests.benchmarks.arithmetic import spread
from tests.benchmarks.sample import Sample
from tests.benchmarks.svg import Bar, bar_chart
from tests.benchmarks.tables import in_first_order


def file_name(scenario: str, load: str, kind: str) -> str:
    """Return the picture's file name."""
    return re.sub(r"[^a-z0-9]+", "-", f"{scenario} {load} {kind}".lower()) + ".svg"


def cpu_picture(title: str, samples: Sequence[Sample]) -> str:
    """Draw the median CPU of each process, stacked, a bar for each variant, the cheapest first."""
    names = in_first_order(name for sample in samples for name in sample.cpu_ms)
    bars = [
        Bar(variant, tuple(_median([sample.cpu_ms.get(name, 0.0) for sample in rounds]) for name in names))
        for variant, rounds in _by_variant(samples).items()
    ]
    bars.sort(key=lambda bar: bar.total)
    return bar_chart(f"CPU per message, {title}", names, bars, unit="ms")


def latency_picture(title: str, samples: Sequence[Sample]) -> str:
    """Draw the median and, behind it, the 99th percentile of the time from webhook to reply, the fastest first."""
    bars = []
    for variant, rounds in _by_variant(samples).items():
        p50 = _median([sample.reply_p50_ms for sample in rounds])
        p99 = _median([sample.reply_p99_ms for sample in rounds])
        bars.append(Bar(variant, (p50, max(p99 - p50, 0.0))))
    bars.sort(key=lambda bar: bar.parts[0])
    return bar_chart(f"Webhook to reply, {title}", ("up to p50", "up to p99"), bars, unit="ms")


def _by_variant(samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    variants = in_first_order(sorted(sample.variant for sample in samples))
    return {name: [sample for sample in samples if sample.variant == name] for name in variants}


def _median(values: Sequence[float]) -> float:
    return spread(values).median
