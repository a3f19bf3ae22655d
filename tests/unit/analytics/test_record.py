"""What may be recorded."""

from datetime import timedelta

import pytest

from services.analytics.domain.record import problem_of
from tests.fakes.analytics_records import NOON, record_maker

record = record_maker()


def test_an_ordinary_record_has_no_problem() -> None:
    assert problem_of(record(), NOON) is None


def test_a_record_of_years_ago_has_no_problem() -> None:
    assert problem_of(record(occurred_at=NOON - timedelta(days=4000)), NOON) is None


def test_a_clock_two_hours_fast_has_no_problem() -> None:
    assert problem_of(record(occurred_at=NOON + timedelta(hours=2)), NOON) is None


def test_a_record_of_the_far_future_is_a_problem() -> None:
    assert "occurred_at_us" in str(problem_of(record(occurred_at=NOON + timedelta(days=32)), NOON))


def test_a_record_without_key_is_a_problem() -> None:
    assert "record_id is empty" in str(problem_of(record(record_id=""), NOON))


@pytest.mark.parametrize(
    ("field", "longest"), [
        ("record_id", 256), ("node_id", 256), ("phone_number", 32), ("status", 64), ("pricing_category", 64),
        ("pricing_type", 64),
    ],
)  # fmt: skip
def test_a_field_may_be_as_long_as_its_limit_and_no_longer(field: str, longest: int) -> None:
    assert problem_of(record(**{field: "x" * longest}), NOON) is None
    assert str(problem_of(record(**{field: "x" * (longest + 1)}), NOON)).startswith(f"{field} has {longest + 1}")


@pytest.mark.parametrize("field", ["record_id", "node_id", "phone_number", "status", "pricing_type"])
def test_a_field_with_a_zero_character_is_a_problem(field: str) -> None:
    assert str(problem_of(record(**{field: "a\x00b"}), NOON)).startswith(f"{field} holds U+0000")
