"""A message's way through sender's store as its worker takes it: stored, held, permitted, renewed, settled."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from services.sender.domain.answers import Accepted
from services.sender.domain.settling import Outcome, Turn, Wish
from services.sender.ports import NewMessage, StatusEvent
from services.sender.store import PostgresStore
from tests.walls.requests import NOON
from tests.walls.tenants import PHONES, Tenant

_SPACE = UUID("0e1a3a52-8a5c-4f0f-9d53-6f3e8f0e5a11")
_CLOSES = float(NOON + 86_400)


async def send(store: PostgresStore, tenants: Sequence[Tenant]) -> dict[str, str]:
    """One batch of messages of these organizations, under the same ids; what became of each one's, by tag."""
    messages = [_message(tenant, number) for number in range(2) for tenant in tenants]
    wishes = {message.key: Wish(message.message_id, 0, _CLOSES) for message in messages}
    is_new, departures = await store.enqueue_and_depart(messages, wishes)
    held = await store.renew([departure.claim for departure in departures])
    turns = [
        (
            claim,
            Turn(
                claim.head,
                Outcome(
                    UUID(claim.items[0].event_id), 1, Accepted(f"wamid {claim.lane_id}"), claim.place_of(0), _CLOSES
                ),
            ),
        )
        for claim in (departure.claim for departure in departures)
    ]
    settled = await store.settle(turns)
    return {
        tenant.tag: repr((
            [new for new, message in zip(is_new, messages, strict=True) if _is_of(message.organization_id, tenant)],
            [departure.settlement for departure in departures if _is_of(departure.claim.group_id, tenant)],
            sorted(lane_id for group_id, lane_id in held if _is_of(group_id, tenant)),
            [
                (verdict, [item.payload for item in claim.items])
                for (claim, _), verdict in zip(turns, settled, strict=True)
                if _is_of(claim.group_id, tenant)
            ],
        ))
        for tenant in tenants
    }  # fmt: skip


async def hear_of_a_stranger(store: PostgresStore, tenant: Tenant) -> str:
    """A status of a message that nobody here knows; whether it changed something."""
    status = StatusEvent(
        organization_id=tenant.organization_id, event_id="stranger", wamid="wamid.stranger", status="read",
        callback=None, error_code=0, occurred_at=NOON,
    )  # fmt: skip
    return repr(await store.apply_statuses([status]))


def _message(tenant: Tenant, number: int) -> NewMessage:
    return NewMessage(
        organization_id=tenant.organization_id,
        message_id=uuid5(_SPACE, f"message {number}"),
        lane_id=uuid5(_SPACE, f"lane {number}"),
        phone_number_id=tenant.numbers[0],
        recipient_wa_id=PHONES[0],
        recipient_user_id="",
        flow_id="",
        node_id="",
        payload=tenant.tag.encode(),
    )


def _is_of(organization_id: UUID, tenant: Tenant) -> bool:
    return organization_id == tenant.organization_id
