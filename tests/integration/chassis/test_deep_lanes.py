"""Lanes with much in them, or wide gaps, are crossed claim by claim."""

from services.chassis.queue import Finish
from tests.fixtures.mailbox import Mailbox, events_of, lane_of_items


async def test_a_gap_wider_than_a_claim_looks_is_crossed_claim_by_claim(mailbox: Mailbox) -> None:
    first, last = lane_of_items("first", "last")
    await mailbox.put(first)
    for _ in range(20):
        await mailbox.put(*[first] * 10)
    await mailbox.put(last)

    found = []
    while claims := await mailbox.lanes.claim(per_lane=8):
        for claim in claims:
            found += events_of(claim)
            await mailbox.finish(Finish(claim, claim.until))

    assert found == ["first", "last"]


async def test_a_deep_lane_is_read_a_few_items_at_a_time(mailbox: Mailbox) -> None:
    events = [f"event {number:03}" for number in range(40)]
    await mailbox.put(*lane_of_items(*events))

    found = []
    while claims := await mailbox.lanes.claim(per_lane=8):
        for claim in claims:
            assert len(claim.items) <= 8
            found += events_of(claim)
            await mailbox.finish(Finish(claim, claim.until))

    assert found == events
