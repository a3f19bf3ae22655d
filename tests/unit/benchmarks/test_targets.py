"""What was asked for beside what was measured."""

from dataclasses import replace

import pytest

from tests.benchmarks.baselines.names import PLAIN
from tests.benchmarks.names import ROAD, conversations_name, organizations_name
from tests.benchmarks.report import targets_table
from tests.benchmarks.sample import Sample
from tests.benchmarks.targets import Target, targets
from tests.unit.benchmarks.samples import SIZES, sample


def found(samples: list[Sample], part_of_measure: str) -> Target:
    (target,) = (target for target in targets(samples, SIZES) if part_of_measure in target.measure)
    return target


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {target.verdict for target in targets([], SIZES)} == {"not measured"}
    assert "| – | not measured |" in targets_table(targets([], SIZES))


def test_the_median_of_the_rounds_decides() -> None:
    samples = [sample(ROAD, number, {"router": cpu}) for number, cpu in ((1, 0.5), (2, 0.6), (3, 9.0))]
    assert found(samples, "CPU a message, saturation").verdict == "met"
    worse = [*samples[:1], *(replace(each, cpu_ms={"router": 0.7}) for each in samples[1:])]
    assert found(worse, "CPU a message, saturation").verdict == "missed"


def test_ratios_are_taken_within_a_round() -> None:
    samples = [sample(ROAD, 1, {"router": 1.0}), sample(ROAD, 2, {"router": 4.0})]
    samples += [sample(PLAIN, 2, {"monolith": 16.0}), sample(PLAIN, 1, {"monolith": 8.0})]
    assert found(samples, f"CPU against {PLAIN}, saturation").values == (0.125, 0.25)


def test_a_ratio_whose_baseline_did_not_run_is_not_measured() -> None:
    assert found([sample(ROAD, 1, {"router": 1.0})], f"CPU against {PLAIN}, saturation").values == ()


def test_growth_compares_the_larger_house_with_the_smaller_one() -> None:
    pairs = (
        ("conversations", conversations_name(1000), conversations_name(10)),
        ("organizations", organizations_name(10_000), organizations_name(1)),
    )
    for scenario, large, small in pairs:
        samples = [sample(large, 1, {"router": 3.0}, scenario=scenario)]
        samples.append(sample(small, 1, {"router": 2.0}, scenario=scenario))
        assert found(samples, f"CPU with {'1,000' if scenario == 'conversations' else '10,000'}").values == (1.5,)


def test_memory_is_that_of_the_largest_service_and_of_no_store() -> None:
    taken = sample(ROAD, 1, {}, memory_mb={"router": 80.0, "ingress": 130.0, "Postgres": 900.0})
    assert found([taken], "resident memory").values == (130.0,)
    assert found([taken], "resident memory").verdict == "missed"


def test_the_share_of_slow_answers_is_told_in_percent() -> None:
    taken = sample(ROAD, 1, {}, scenario="overload", load="2 times saturation", slow_answers=0.02)
    assert found([taken], "over 1 s").values == pytest.approx((2.0,))
