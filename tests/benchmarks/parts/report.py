"""Markdown tables of medians with their spread, and every sample as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from tests.benchmarks.arithmetic import Spread, paired_ratios, spread
from tests.benchmarks.parts.contest import Sample
from tests.benchmarks.parts.targets import Verdict, rounds_of, verdicts

BEST_FIRST = "least CPU first"


def markdown(samples: Sequence[Sample]) -> str:
    """Return one table for every part, and one of targets. The last column compares with the first row's CPU."""
    parts = [
        f"## {part[0].upper()}{part[1:]}\n\n{_comparison([sample for sample in samples if sample.part == part])}\n"
        for part in _in_order(sample.part for sample in samples)
    ]
    found = verdicts(samples)
    return "\n".join([*parts, f"## Targets\n\n{_targets(found)}\n"] if found else parts)


def _comparison(samples: Sequence[Sample]) -> str:
    names = _in_order(sample.contestant for sample in samples)
    names.sort(key=lambda name: spread(_cpu(samples, name)).median)
    least = _cpu(samples, names[0])
    rows = [["contestant, " + BEST_FIRST, "CPU us/item", "by process", "items/s", "CPU against the first"]]
    for name in names:
        cpu, rounds = _cpu(samples, name), rounds_of(samples, name)
        rows.append(
            [
                name,
                _written(spread(cpu), "{:,.1f}"),
                _by_process(rounds),
                f"{spread([sample.items_per_second for sample in rounds]).median:,.0f}",
                _written(spread(paired_ratios(cpu, least)), "{:.2f}"),
            ]
        )
    return _table(rows)


def _cpu(samples: Sequence[Sample], contestant: str) -> list[float]:
    return [sample.cpu_us_in_all for sample in rounds_of(samples, contestant)]


def _by_process(rounds: Sequence[Sample]) -> str:
    names = list(rounds[0].cpu_us)
    return ", ".join(f"{name} {spread([sample.cpu_us[name] for sample in rounds]).median:,.1f}" for name in names)


def _targets(found: Sequence[Verdict]) -> str:
    rows = [["target", "at most", "measured", ""]]
    for verdict in found:
        form, unit = ("{:.2f}", "x") if verdict.target.baseline else ("{:.1f}", " us")
        rows.append(
            [
                verdict.target.name,
                f"{verdict.target.at_most:g}{unit}",
                _written(verdict.measured, form),
                "met" if verdict.is_met else "missed",
            ]
        )
    return _table(rows)


def _written(value: Spread, form: str) -> str:
    return f"{form} ({form}–{form})".format(value.median, value.lowest, value.highest)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *body])


def _in_order(names: Iterable[str]) -> list[str]:
    """Each name once, in order of its first sample."""
    return list(dict.fromkeys(names))


def write_json(file: Path, samples: Sequence[Sample], *, conditions: dict[str, object]) -> None:
    """Keep every sample, with the conditions it was taken under and the verdicts."""
    file.parent.mkdir(parents=True, exist_ok=True)
    judged = [
        {"target": verdict.target.name, "at_most": verdict.target.at_most, "met": verdict.is_met}
        | asdict(verdict.measured)
        for verdict in verdicts(samples)
    ]
    content = {"conditions": conditions, "targets": judged, "samples": [asdict(sample) for sample in samples]}
    file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
