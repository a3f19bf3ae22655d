"""What is printed and kept: Markdown with medians and their spread, pictures beside it, every sample as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from tests.benchmarks.arithmetic import Spread, paired_ratios, spread
from tests.benchmarks.baselines.names import HTTPX
from tests.benchmarks.pictures import cpu_picture, file_name, latency_picture
from tests.benchmarks.sample import Sample
from tests.benchmarks.scenarios import SCENARIOS
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.tables import in_first_order, table, written
from tests.benchmarks.targets import Target, targets

Cell = Callable[[Sequence[Sample]], str]


def write_report(folder: Path, samples: Sequence[Sample], *, sizes: Sizes, conditions: Mapping[str, object]) -> str:
    """Keep samples.json, report.md and its pictures in a new folder, and return the Markdown."""
    folder.mkdir(parents=True)
    content = {"conditions": conditions, "samples": [asdict(sample) for sample in samples]}
    (folder / "samples.json").write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    pictures = {}
    for scenario, load in in_first_order((sample.scenario, sample.load) for sample in samples):
        rounds = _chosen(samples, scenario, load)
        for kind, picture in (("cpu", cpu_picture), ("latency", latency_picture)):
            pictures[file_name(scenario, load, kind)] = picture(f"{scenario}: {load}", rounds)
    for name, drawing in pictures.items():
        (folder / name).write_text(drawing)
    text = markdown(samples, sizes=sizes, conditions=conditions)
    (folder / "report.md").write_text(text)
    return f"{text}\nKept with its pictures in {folder}"


def markdown(samples: Sequence[Sample], *, sizes: Sizes, conditions: Mapping[str, object]) -> str:
    """Return the targets, then for every load the comparison, CPU by process and pictures, then memory."""
    parts = [f"# Benchmark of {conditions['at']}", _circumstances(conditions)]
    parts += ["## Targets", targets_table(targets(samples, sizes))]
    for scenario in in_first_order(sample.scenario for sample in samples):
        parts.append(f"## {scenario}\n\n{SCENARIOS[scenario].about}")
        for load in in_first_order(sample.load for sample in samples if sample.scenario == scenario):
            chosen = _chosen(samples, scenario, load)
            parts += [f"### {load[0].upper()}{load[1:]}", comparison(chosen), by_process(chosen, "cpu_ms", "{:.3f}")]
            parts += [f"![{kind}]({file_name(scenario, load, kind)})" for kind in ("cpu", "latency")]
    memory = [sample for sample in samples if sample.scenario == "saturation"]
    if memory:
        parts += ["## Memory at saturation", by_process(memory, "memory_mb", "{:.0f}")]
    return "\n\n".join(parts) + "\n"


def targets_table(found: Sequence[Target]) -> str:
    """Each target beside what was measured for it."""
    rows = [["measure", "target", "measured", ""]]
    for target in found:
        limit = target.limit_text or f"≤ {target.limit:g} {target.unit}"
        measured = f"{written(target.spread, '{:.3g}')} {target.unit}" if target.values else "–"
        rows.append([target.measure, limit, measured, target.verdict])
    return table(rows)


def comparison(samples: Sequence[Sample]) -> str:
    """One row for each variant; ratios are to the seed's monolith where it ran, else to the first variant."""
    variants = in_first_order(sample.variant for sample in sorted(samples, key=_is_baseline))
    base_name = HTTPX if HTTPX in variants else min(variants, key=_by_length)
    base = [sample.cpu_ms_in_all for sample in rounds_of(samples, base_name)]
    columns: dict[str, Cell] = {
        "messages/s": _throughput,
        "CPU ms/message": lambda rounds: written(spread([s.cpu_ms_in_all for s in rounds]), "{:.2f}"),
    }
    if len(variants) > 1:
        columns[f"CPU against {base_name}"] = lambda rounds: _ratio(rounds, base)
    columns |= {
        "webhook answer p50 · p99 ms": lambda rounds: _pair(rounds, "answer_p50_ms", "answer_p99_ms"),
        "reply p50 · p99 ms": lambda rounds: _pair(rounds, "reply_p50_ms", "reply_p99_ms"),
    }
    if any(sample.offered_per_second is not None for sample in samples):
        columns["offered/s"] = lambda rounds: _pair(rounds, "offered_per_second")
    if any(sample.slow_answers or sample.refusals or sample.offered_per_second for sample in samples):
        columns["answers over 1 s"] = lambda rounds: f"{spread([100 * s.slow_answers for s in rounds]).median:.2f} %"
        columns["refused"] = lambda rounds: f"{spread([s.refusals for s in rounds]).median:.0f}"
    if any(sample.gap_p50_ms is not None for sample in samples):
        columns["gap between replies p50 · p99 ms"] = lambda rounds: _pair(rounds, "gap_p50_ms", "gap_p99_ms")
    rows = [["variant", *columns]]
    rows += [[name, *(cell(rounds_of(samples, name)) for cell in columns.values())] for name in variants]
    return table(rows)


def by_process(samples: Sequence[Sample], field: str, form: str) -> str:
    """The medians of a figure that a sample has for each process."""
    names = in_first_order(name for sample in sorted(samples, key=_is_baseline) for name in getattr(sample, field))
    rows = [["CPU ms/message" if field == "cpu_ms" else "resident MB", *names]]
    for variant in in_first_order(sample.variant for sample in sorted(samples, key=_is_baseline)):
        rounds = rounds_of(samples, variant)
        found = [[getattr(s, field)[name] for s in rounds if name in getattr(s, field)] for name in names]
        rows.append([variant, *(form.format(spread(values).median) if values else "–" for values in found)])
    return table(rows)


def rounds_of(samples: Sequence[Sample], variant: str) -> list[Sample]:
    """A variant's samples in the order of rounds."""
    return sorted((sample for sample in samples if sample.variant == variant), key=lambda sample: sample.round)


def _chosen(samples: Sequence[Sample], scenario: str, load: str) -> list[Sample]:
    return [sample for sample in samples if (sample.scenario, sample.load) == (scenario, load)]


def _is_baseline(sample: Sample) -> tuple[bool, str]:
    return not sample.variant.startswith("PyTake"), sample.variant


def _by_length(variant: str) -> tuple[int, str]:
    """Of two houses that differ in one number, the one with the smaller number comes first."""
    return len(variant), variant


def _throughput(rounds: Sequence[Sample]) -> str:
    reached = written(spread([sample.messages_per_second for sample in rounds]), "{:,.0f}")
    return reached if all(sample.is_kept_up for sample in rounds) else f"cannot keep up: {reached}"


def _ratio(rounds: Sequence[Sample], base: Sequence[float]) -> str:
    return written(spread(paired_ratios([sample.cpu_ms_in_all for sample in rounds], base)), "{:.2f}")


def _pair(rounds: Sequence[Sample], *fields: str) -> str:
    medians = [_median([getattr(sample, field) for sample in rounds]) for field in fields]
    return " · ".join(medians)


def _median(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    middle: Spread | None = spread(known) if known else None
    return f"{middle.median:.1f}" if middle else "–"


def _circumstances(conditions: Mapping[str, object]) -> str:
    return (
        f"{conditions['cores']} cores, shared with whoever else runs on the machine and with the simulated Meta; "
        f"Python {conditions['python']}; load average {conditions['load_average']} at the start. Medians of the "
        "rounds, lowest and highest in brackets; ratios compare only within a round."
    )
