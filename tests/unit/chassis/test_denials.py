"""Every denial is written down, and a flood of them is a few lines."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.chassis.tenancy import Denial, Denials
from services.chassis.tenancy.denials import MOST_KINDS, SUM_SECONDS

METHOD = "/pytake.executor.v1.States/ListStates"


@dataclass(slots=True)
class Later:
    """What was to be done later."""

    waiting: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def __call__(self, seconds: float, action: Callable[[], None]) -> None:
        self.waiting.append((seconds, action))

    def comes(self) -> None:
        """Let the time pass."""
        ((seconds, action),) = self.waiting
        assert seconds == SUM_SECONDS
        self.waiting.clear()
        action()


@pytest.fixture
def later() -> Later:
    return Later()


def denial(principal: str = "team", reason: str = "CALLER_NOT_ALLOWED", organization_id: str = "o1") -> Denial:
    return Denial(METHOD, reason, principal, "ana", organization_id)


def lines(written: list[Any]) -> list[dict[str, Any]]:
    return [dict(line) for line in written]


def test_the_first_of_a_kind_is_written_at_once_with_who_and_why(later: Later) -> None:
    with capture_logs() as written:
        Denials(call_later=later).note(denial())

    assert lines(written) == [
        {
            "event": "call_denied",
            "module": "services.chassis.tenancy.denials",
            "log_level": "warning",
            "method": METHOD,
            "principal": "team",
            "subject": "ana",
            "organization_id": "o1",
            "reason": "CALLER_NOT_ALLOWED",
        }
    ]


def test_further_ones_are_one_line_every_ten_seconds(later: Later) -> None:
    denials = Denials(call_later=later)
    with capture_logs() as written:
        for number in range(1_001):
            denials.note(denial(organization_id=f"o{number}"))
        later.comes()
        denials.note(denial())
        later.comes()

    assert [(line["event"], line.get("further")) for line in written] == [
        ("call_denied", None),
        ("calls_denied", 1_000),
        ("calls_denied", 1),
    ]


def test_callers_and_reasons_are_counted_apart(later: Later) -> None:
    denials = Denials(call_later=later)
    with capture_logs() as written:
        for _ in range(2):
            denials.note(denial())
            denials.note(denial("router"))
            denials.note(denial(reason="ORGANIZATION_MISMATCH"))
        later.comes()

    assert [line["event"] for line in written] == ["call_denied"] * 3 + ["calls_denied"] * 3
    assert {(line["principal"], line["reason"]) for line in written} == {
        ("team", "CALLER_NOT_ALLOWED"),
        ("router", "CALLER_NOT_ALLOWED"),
        ("team", "ORGANIZATION_MISMATCH"),
    }


def test_after_a_quiet_time_the_next_one_is_a_first_one_again(later: Later) -> None:
    denials = Denials(call_later=later)
    denials.note(denial())
    later.comes()
    assert later.waiting == []

    with capture_logs() as written:
        denials.note(denial())

    assert [line["event"] for line in written] == ["call_denied"]
    assert len(later.waiting) == 1


def test_what_is_remembered_is_bounded(later: Later) -> None:
    denials = Denials(call_later=later)
    with capture_logs() as written:
        for number in range(10 * MOST_KINDS):
            denials.note(denial(f"caller {number}"))
        later.comes()

    assert len(written) == MOST_KINDS + 2
    assert (written[-1]["principal"], written[-1]["further"]) == ("(many)", 9 * MOST_KINDS - 1)
