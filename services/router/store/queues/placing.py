"""Conversations that flows hand over, placed in the transaction that makes them people's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.db import Step, Transaction
from services.router.domain.order import ContactChange, HandOver, Order
from services.router.domain.queues import Floor, Placement, Wanted, place
from services.router.store.queues.floors import floors_in, reading_floors
from services.router.store.queues.moving import ending, entering, locking_floors, taking
from services.router.store.queues.rows import noting


async def placing(journey: Transaction, orders: Sequence[Order], now: datetime, *, actor: str) -> list[Step]:
    """The steps after those that change owners; orders of a conversation stay in their order."""
    floors = await _floors(journey, [order for order in orders if _looks_for_people(order)])
    steps: list[Step] = []
    for order in orders:
        steps += _steps_of(order, floors, now, actor)
    return steps


async def _floors(journey: Transaction, orders: Sequence[Order]) -> dict[UUID, Floor]:
    if not orders:
        return {}
    organization_ids = sorted({order.organization_id for order in orders})
    names_agent = any(isinstance(order.change, HandOver) and order.change.agent for order in orders)
    locks = locking_floors(organization_ids, agent_id=None, with_agents=names_agent)
    rows = await journey.run([*locks, *reading_floors(organization_ids)])
    return floors_in(organization_ids, rows[len(locks) :])


def _looks_for_people(order: Order) -> bool:
    return isinstance(order.change, HandOver) and not order.change.is_taken


def _steps_of(order: Order, floors: dict[UUID, Floor], now: datetime, actor: str) -> list[Step]:
    organization_id, conversation_id, change = order.organization_id, order.conversation_id, order.change
    if isinstance(change, ContactChange):
        return []
    if not isinstance(change, HandOver):
        how = "closed" if change.is_closed else "released"
        return [ending(organization_id, [conversation_id], how=how, reason="", actor=actor, now=now)]
    if change.is_taken:
        agent_id = _id_of(change.agent)
        if agent_id is None:
            return []
        return [taking(organization_id, conversation_id, order.order_id, agent_id, now, actor=f"user:{agent_id}")]
    placement = place(floors[organization_id], _wanted(change), now)
    return [] if placement is None else _entering(order, change, placement, now, actor)


def _entering(order: Order, hand: HandOver, placement: Placement, now: datetime, actor: str) -> list[Step]:
    organization_id, entry_id = order.organization_id, order.order_id
    steps = [
        entering(
            organization_id, order.conversation_id, entry_id, placement, now, priority=hand.priority,
            context=hand.context, is_flows=True,
        ),
        noting(organization_id, [entry_id], "queued", now=now, actor=actor, reason=placement.note),
    ]  # fmt: skip
    hop = placement.hop
    if hop is not None:
        steps.append(
            noting(
                organization_id, [entry_id], "overflowed", now=now, actor=actor, left=hop.from_queue_id,
                reason=hop.reason,
            )
        )  # fmt: skip
    return steps


def _wanted(hand: HandOver) -> Wanted:
    return Wanted(queue=hand.queue_id, department=hand.department, agent=hand.agent)


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
