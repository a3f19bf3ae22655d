"""What a message is charged as is told once, whatever order Meta tells it in, and steps lead to where messages are."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pb.analytics.v1 import analytics_pb2
from services.sender.domain.delivery import PRICED, Delivery, deliveries
from services.sender.domain.message import NO_PRICE, Message, Price, accepted, attempted, failed, with_status
from services.sender.peers import change_of, record_bytes

UTILITY = Price("utility", "regular")
SERVICE = Price("service", "free_customer_service")
FRESH = Message(organization_id=uuid.uuid4(), message_id=uuid.uuid4(), lane_id=uuid.uuid4(), phone_number_id="1")
CALLED = replace(attempted(FRESH, number=1, is_resend=False), is_attempted_now=False)
TAKEN = accepted(CALLED, "w", by="response")
NAMES = ("sent", "delivered", "read", "played")

Told = tuple[str, Price, int]
"""A status, the price it tells, and when."""


def history(message: Message, told: Sequence[Told]) -> tuple[Message, list[Delivery]]:
    """The message after these statuses, and all steps they were."""
    steps: list[Delivery] = []
    for status, price, at_us in told:
        changed = with_status(message, status, "w", 131026, price=price, told_at_us=at_us)
        steps += deliveries(message, changed, at_us)
        message = changed
    return message, steps


def charged(steps: Sequence[Delivery]) -> list[tuple[str, Price, int]]:
    return [(step.status, step.price, step.occurred_at_us) for step in steps if step.price.is_told]


@given(
    st.lists(
        st.tuples(st.sampled_from([*NAMES, "failed", "deleted"]), st.sampled_from([NO_PRICE, UTILITY])), max_size=9
    )
)
def test_a_message_is_charged_once_if_it_arrived_and_has_a_price_and_never_else(told: list[tuple[str, Price]]) -> None:
    message, steps = history(TAKEN, [(*one, number) for number, one in enumerate(told, start=1)])

    has_price = message.has_arrived and message.price.is_told
    assert [price for _, price, _ in charged(steps)] == [UTILITY] * has_price
    # It counts where the message arrived, whenever the price came.
    assert [at_us for *_, at_us in charged(steps)] == [message.arrived_at_us] * has_price
    # Told all over again, nothing is new.
    assert history(message, [(*one, 99) for one in told]) == (message, [])


@pytest.mark.parametrize(
    ("told", "step"),
    [
        ([("sent", UTILITY, 1), ("delivered", UTILITY, 2), ("read", NO_PRICE, 3)], ("delivered", UTILITY, 2)),
        ([("sent", UTILITY, 1), ("delivered", NO_PRICE, 2)], ("delivered", UTILITY, 2)),
        ([("sent", UTILITY, 1), ("read", UTILITY, 3)], ("read", UTILITY, 3)),
        ([("read", NO_PRICE, 3), ("delivered", UTILITY, 2), ("sent", UTILITY, 1)], (PRICED, UTILITY, 3)),
        ([("delivered", NO_PRICE, 2), ("read", UTILITY, 3)], (PRICED, UTILITY, 2)),
        # What it arrived at holds, not what was said as it left.
        ([("sent", UTILITY, 1), ("delivered", SERVICE, 2)], ("delivered", SERVICE, 2)),
        ([("delivered", SERVICE, 2), ("read", UTILITY, 3), ("sent", UTILITY, 1)], ("delivered", SERVICE, 2)),
    ],
)
def test_the_step_by_which_both_are_known_has_the_price(told: list[Told], step: Told) -> None:
    assert charged(history(TAKEN, told)[1]) == [step]


def test_what_did_not_arrive_costs_nothing() -> None:
    assert charged(history(TAKEN, [("sent", UTILITY, 1), ("failed", NO_PRICE, 2), ("delivered", UTILITY, 3)])[1]) == []
    assert charged(history(TAKEN, [("sent", UTILITY, 1)])[1]) == []


@given(st.lists(st.sampled_from([*NAMES, "failed", "refused", "answered"]), max_size=10))
def test_steps_added_up_lead_from_nothing_to_what_became_of_the_message(things: list[str]) -> None:
    message, steps = CALLED, list[Delivery]()
    for at_us, thing in enumerate(things, start=1):
        if thing == "refused":
            changed = failed(message, 131000, "no") if not message.is_settled else message
        elif thing == "answered":
            changed = accepted(message, "w", by="response")
        else:
            changed = with_status(message, thing, "w", 131026, price=UTILITY, told_at_us=at_us)
        steps += deliveries(message, changed, at_us)
        message = changed

    moved = Counter[str]()
    codes = Counter[int]()
    for step in steps:
        if step.status != PRICED:
            moved[step.status] += 1
            moved[step.former_status] -= 1
            codes[step.error_code] += (step.status == "failed") - (step.former_status == "failed")
    reached = [status for status, count in moved.items() if status and count]
    expected = "failed" if message.state == "failed" else message.status if message.status != "none" else "accepted"
    assert reached == [expected] * (message.state != "attempting")
    assert sum(codes.values()) == (message.state == "failed")
    assert all(count >= 0 for count in codes.values())


def test_what_fails_again_takes_no_step() -> None:
    refused = failed(CALLED, 131000, "no")
    again = with_status(refused, "failed", "w", 131026)
    assert [step.status for step in deliveries(CALLED, refused, 1)] == ["failed"]
    assert deliveries(refused, again, 2) == []


def test_an_acceptance_after_a_failure_says_which_failure_it_takes_back() -> None:
    refused = failed(CALLED, 131000, "no")
    arrived = with_status(refused, "delivered", "w", 0, told_at_us=5)
    assert [(step.status, step.former_status, step.error_code) for step in deliveries(refused, arrived, 5)] == [
        ("accepted", "failed", 131000),
        ("delivered", "accepted", 0),
    ]


def test_analytics_is_told_price_and_campaign_and_teams_are_told_no_late_price() -> None:
    campaign_id = uuid.uuid4()
    message = replace(TAKEN, campaign_id=campaign_id, campaign_try=2)
    _, steps = history(message, [("delivered", NO_PRICE, 2), ("sent", UTILITY, 1)])
    arrived, priced = (analytics_pb2.Record.FromString(record_bytes(step)) for step in steps)
    assert (arrived.pricing_category, arrived.campaign_id, arrived.campaign_try) == ("", str(campaign_id), 2)
    assert (priced.status, priced.pricing_category, priced.pricing_type) == ("priced", *UTILITY)
    assert (priced.occurred_at_us, priced.former_status) == (2, "delivered")
    assert [change_of(record_bytes(step)) is None for step in steps] == [False, True]
