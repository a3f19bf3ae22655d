"""What is printed and kept: Markdown tables of medians with their spread, and every sample as JSON."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from tests.benchmarks.arithmetic import Spread, paired_ratios, spread
from tests.benchmarks.measure import Sample

HEADINGS = (
    "variant",
    "messages/s",
    "CPU ms/message",
    "CPU against {baseline}",
    "webhook answer p50 · p99 ms",
    "reply p50 · p99 ms",
)


def markdown(samples: Sequence[Sample], *, baseline: str) -> str:
    """Return two tables for every load: the comparison, and CPU by process."""
    parts = []
    for load in _in_order(sample.load for sample in samples):
        chosen = [sample for sample in samples if sample.load == load]
        parts.append(f"## {load[0].upper()}{load[1:]}\n\n{_comparison(chosen, baseline)}\n\n{_by_process(chosen)}\n")
    return "\n".join(parts)


def _comparison(samples: Sequence[Sample], baseline: str) -> str:
    rows = [[heading.format(baseline=baseline) for heading in HEADINGS]]
    base = [sample.cpu_ms_in_all for sample in _rounds_of(samples, baseline)]
    for variant in _in_order(sample.variant for sample in samples):
        rounds = _rounds_of(samples, variant)
        cpu = [sample.cpu_ms_in_all for sample in rounds]
        rows.append(
            [
                variant,
                _written(spread([sample.messages_per_second for sample in rounds]), "{:,.0f}"),
                _written(spread(cpu), "{:.2f}"),
                _written(spread(paired_ratios(cpu, base)), "{:.2f}"),
                _latency(rounds, lambda sample: (sample.answer_p50_ms, sample.answer_p99_ms)),
                _latency(rounds, lambda sample: (sample.reply_p50_ms, sample.reply_p99_ms)),
            ]
        )
    return _table(rows)


def _by_process(samples: Sequence[Sample]) -> str:
    names = _in_order(name for sample in samples for name in sample.cpu_ms)
    rows = [["CPU ms/message", *names]]
    for variant in _in_order(sample.variant for sample in samples):
        rounds = _rounds_of(samples, variant)
        cells = []
        for name in names:
            values = [sample.cpu_ms[name] for sample in rounds if name in sample.cpu_ms]
            cells.append(f"{spread(values).median:.3f}" if values else "–")
        rows.append([variant, *cells])
    return _table(rows)


def _rounds_of(samples: Sequence[Sample], variant: str) -> list[Sample]:
    return sorted((sample for sample in samples if sample.variant == variant), key=lambda sample: sample.round)


def _latency(rounds: Sequence[Sample], pair: Callable[[Sample], tuple[float, float]]) -> str:
    p50, p99 = zip(*map(pair, rounds), strict=True)
    return f"{spread(p50).median:.1f} · {spread(p99).median:.1f}"


def _written(value: Spread, form: str) -> str:
    return f"{form} ({form}–{form})".format(value.median, value.lowest, value.highest)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _in_order(names: Iterable[str]) -> list[str]:
    """Each name once, sorted: rounds run in a drawn order, tables do not."""
    return sorted(set(names))


def write_json(file: Path, samples: Sequence[Sample], *, conditions: dict[str, object]) -> None:
    """Keep every sample, with the conditions it was taken under."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"conditions": conditions, "samples": [asdict(sample) for sample in samples]}
    file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
