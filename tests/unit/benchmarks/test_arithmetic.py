"""The benchmark's sums."""

from tests.benchmarks.arithmetic import Spread, paired_ratios, percentile, spread


def test_the_median_of_an_odd_number_of_values_is_the_middle_one() -> None:
    assert percentile([1.0, 2.0, 9.0], 50) == 2.0


def test_the_99th_percentile_of_a_hundred_values_leaves_one_above_it() -> None:
    assert percentile([float(value) for value in range(1, 101)], 99) == 99.0


def test_every_percentile_of_one_value_is_that_value() -> None:
    assert [percentile([7.0], percent) for percent in (0, 50, 99, 100)] == [7.0] * 4


def test_a_spread_names_middle_and_ends_whatever_the_order() -> None:
    assert spread([5.0, 1.0, 3.0]) == Spread(median=3.0, lowest=1.0, highest=5.0)


def test_a_ratio_compares_only_what_was_measured_in_the_same_round() -> None:
    assert paired_ratios([1.0, 4.0], [2.0, 16.0]) == [0.5, 0.25]
