"""What router is told when people take a conversation, give it back or close it."""

from typing import Literal
from uuid import UUID

import pytest

from services.executor.ports import Hand
from services.executor.worker import hand_items
from services.pb.executor.v1 import executor_pb2
from services.pb.router.v1 import router_pb2

AGENT = str(UUID(int=4))


def told(outcome: Literal["taken", "released", "no_agent", "closed"]) -> tuple[int, router_pb2.Order]:
    """What the conversation hears, and the order for router."""
    hand = Hand(UUID(int=1), UUID(int=2), UUID(int=3), f"hand:{outcome}:once", outcome, AGENT)
    event, order = hand_items(hand)
    return executor_pb2.ConversationEvent.FromString(event.payload).hand, router_pb2.Order.FromString(order.payload)


def test_who_takes_it_is_named() -> None:
    hand, order = told("taken")

    assert hand == executor_pb2.HAND_TAKEN
    assert (order.hand_over.is_taken, order.hand_over.agent) == (True, AGENT)


@pytest.mark.parametrize(("outcome", "is_closed"), [("released", False), ("no_agent", False), ("closed", True)])
def test_closing_is_told_apart_from_giving_back(
    outcome: Literal["released", "no_agent", "closed"], is_closed: bool
) -> None:
    _, order = told(outcome)

    assert order.WhichOneof("order") == "hand_back"
    assert order.hand_back.is_closed is is_closed
