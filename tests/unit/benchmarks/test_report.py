"""From figures to tables and pictures."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.benchmarks.baselines.names import HTTPX
from tests.benchmarks.report import by_process, comparison, write_report
from tests.benchmarks.svg import Bar, bar_chart
from tests.unit.benchmarks.samples import SIZES, sample

CONDITIONS = {"at": "2026-11-25T12:00:00+00:00", "cores": 2, "python": "3.11", "load_average": 1.0}


def test_the_table_gives_medians_and_the_share_of_the_baseline() -> None:
    samples = [sample("PyTake", number, {"router": 1.0}) for number in (1, 2, 3)]
    samples += [sample(HTTPX, number, {"monolith": 0.5 * 2**number}) for number in (1, 2, 3)]
    table = comparison(samples)
    assert "| PyTake | 4 (4–4) | 1.00 (1.00–1.00) | 0.50 (0.25–1.00) | 2.0 · 4.0 | 10.0 · 30.0 |" in table
    assert f"| {HTTPX} | 4 (4–4) | 2.00 (1.00–4.00) | 1.00 (1.00–1.00) |" in table


def test_a_variant_that_cannot_keep_up_is_told_with_what_it_reached() -> None:
    samples = [sample("PyTake", 1, {}), sample(HTTPX, 1, {"monolith": 1.0}, is_kept_up=False)]
    assert f"| {HTTPX} | cannot keep up: 4 (4–4) |" in comparison(samples)


def test_a_variant_alone_is_compared_with_nobody() -> None:
    assert "against" not in comparison([sample("PyTake", 1, {"router": 1.0})])


def test_gaps_and_slow_answers_are_shown_where_there_are_any() -> None:
    assert "gap" not in comparison([sample("PyTake", 1, {})])
    table = comparison(
        [
            sample(
                "PyTake", 1, {}, gap_p50_ms=2.5, gap_p99_ms=4.0, slow_answers=0.125, refusals=3, offered_per_second=80.0
            )
        ]
    )
    assert "| 80.0 | 12.50 % | 3 | 2.5 · 4.0 |" in table


def test_a_process_the_other_variant_lacks_is_a_dash() -> None:
    samples = [sample("PyTake", 1, {"router": 1.0}), sample(HTTPX, 1, {"Postgres": 1.0})]
    table = by_process(samples, "cpu_ms", "{:.3f}")
    assert "| PyTake | 1.000 | – |" in table
    assert f"| {HTTPX} | – | 1.000 |" in table


def test_a_report_keeps_samples_tables_and_the_pictures_it_refers_to(tmp_path: Path) -> None:
    samples = [sample("PyTake", 1, {"router": 1.0}), sample(HTTPX, 1, {"monolith": 4.0})]
    write_report(tmp_path / "run", samples, sizes=SIZES, conditions=CONDITIONS)
    text = (tmp_path / "run" / "report.md").read_text()
    pictures = sorted(file.name for file in (tmp_path / "run").glob("*.svg"))
    assert len(pictures) == 2
    assert all(f"({name})" in text for name in pictures)
    kept = json.loads((tmp_path / "run" / "samples.json").read_text())
    assert [each["variant"] for each in kept["samples"]] == ["PyTake", HTTPX]


def bars_of(drawing: str) -> list[tuple[float, float]]:
    """Where each part of each bar begins and how wide it is."""
    parts = [part for part in ElementTree.fromstring(drawing) if part.get("height") == "22"]
    return [(float(part.attrib["x"]), float(part.attrib["width"])) for part in parts]


def test_the_parts_of_a_bar_stand_one_after_the_other_on_one_scale() -> None:
    drawing = bar_chart("CPU", ("a", "b"), [Bar("one", (1.0, 3.0)), Bar("two", (2.0, 0.0))], unit="ms")
    (start, one_a), (second, one_b), (other, two_a) = bars_of(drawing)
    assert start == other
    assert second == pytest.approx(start + one_a, abs=0.2)
    assert (one_b, two_a) == (pytest.approx(3 * one_a, abs=0.2), pytest.approx(2 * one_a, abs=0.2))


def test_names_in_a_picture_may_hold_any_sign() -> None:
    drawing = bar_chart("a < b & c", ("<", "&"), [Bar('"x" > y', (1.0, 1.0))], unit="ms")
    assert "a < b & c" in ElementTree.tostring(ElementTree.fromstring(drawing), encoding="unicode", method="text")


def test_a_picture_of_nothing_is_still_one() -> None:
    assert bars_of(bar_chart("none", ("a",), [Bar("x", (0.0,))], unit="ms")) == []


def test_a_bar_without_a_part_for_each_series_is_refused() -> None:
    with pytest.raises(ValueError, match="each series"):
        bar_chart("CPU", ("a", "b"), [Bar("one", (1.0,))], unit="ms")
