"""What flows order: what it says of messages is told to sender first."""

from __future__ import annotations

from collections.abc import Sequence

from services.chassis.clock import Now
from services.chassis.errors import Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.opt_out import Consent
from services.router.domain.order import ContactChange, Fate, Order
from services.router.ports import OrderStore, Sender


class ApplyOrders:
    """Applies orders of flows. Raises Unavailable; repeats change nothing."""

    def __init__(self, store: OrderStore, sender: Sender, now: Now) -> None:
        self._store = store
        self._sender = sender
        self._now = now

    async def apply(self, orders: Sequence[Order]) -> Sequence[Fate]:
        """Apply orders, those of a conversation in their order, each once; what became of each."""
        consents = await self._consents(orders)
        if consents:
            outcomes = await self._sender.apply_notices(consents)
            if any(outcome.kind == "retry" for outcome in outcomes):
                raise Unavailable(
                    "sender takes no word of contacts now; try again", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE
                )
        return await self._store.apply(orders, now=self._now())

    async def _consents(self, orders: Sequence[Order]) -> list[Consent]:
        asked = [
            (order, order.change.is_opted_in)
            for order in orders
            if isinstance(order.change, ContactChange) and order.change.is_opted_in is not None
        ]
        if not asked:
            return []
        names = await self._store.names_of({(order.organization_id, order.contact_id) for order, _ in asked})
        said_at_ms = int(self._now().timestamp() * 1000)
        return [
            Consent(
                organization_id=order.organization_id,
                wa_id=names[key][0],
                user_id=names[key][1],
                # Who refuses in a flow is still talking with it: only what comes unasked is meant.
                kind="all" if is_in else "marketing",
                is_out=not is_in,
                said_at_ms=said_at_ms,
                source="flow",
            )
            for order, is_in in asked
            if (key := (order.organization_id, order.contact_id)) in names
        ]
