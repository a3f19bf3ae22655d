"""A message only moves forward, whatever the order of answers and statuses."""

import itertools
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sender.domain.message import Message, accepted, attempted, with_status

FRESH = Message(organization_id=uuid.uuid4(), message_id=uuid.uuid4(), lane_id=uuid.uuid4(), phone_number_id="1")
SENT_ONCE = replace(attempted(FRESH, number=1, is_resend=False), is_attempted_now=False)


def test_statuses_in_any_order_end_the_same() -> None:
    for order in itertools.permutations(["sent", "delivered", "read", "played"]):
        message = SENT_ONCE
        for status in order:
            message = with_status(message, status, "w", 0)
        assert (message.state, message.status, message.wamids, message.resolved_by) == (
            "accepted", "played", ("w",), "status",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "is_final"), [("none", True), ("sent", True), ("delivered", False), ("read", False)]
)
def test_failed_is_final_only_before_delivery(before: str, *, is_final: bool) -> None:
    message = with_status(SENT_ONCE, before, "w", 0) if before != "none" else SENT_ONCE
    failing = with_status(message, "failed", "w", 131026)
    assert (failing.state == "failed") == is_final
    assert (failing.error_code == 131026) == is_final
    assert with_status(failing, "read", "w", 0).status == ("failed" if is_final else "read")


def test_a_repeat_and_an_unknown_status_change_nothing() -> None:
    message = with_status(SENT_ONCE, "delivered", "w", 0)
    for status in ("delivered", "sent", "deleted", "none", "warning", ""):
        assert with_status(message, status, "w", 0) == message


def test_a_second_id_is_kept_beside_the_first() -> None:
    twice = with_status(accepted(SENT_ONCE, "a", by="response"), "sent", "b", 0)
    assert twice.wamids == ("a", "b")
    assert twice.resolved_by == "response"


def test_an_acceptance_after_a_resend_says_so() -> None:
    resent = attempted(SENT_ONCE, number=2, is_resend=True)
    assert accepted(resent, "a", by="response").resolved_by == "resend"
    assert accepted(resent, "a", by="status").resolved_by == "status"


@given(st.lists(st.sampled_from(["sent", "delivered", "read", "played", "failed", "deleted"]), max_size=8))
def test_repeating_any_history_changes_nothing(statuses: list[str]) -> None:
    message = SENT_ONCE
    for status in statuses:
        message = with_status(message, status, "w", 1)
    for status in statuses:
        assert with_status(message, status, "w", 1) == message
