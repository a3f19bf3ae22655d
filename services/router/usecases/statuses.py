"""Route statuses: whose number; then hand them to sender."""

from __future__ import annotations

from collections.abc import Sequence

from services.router.domain.message import Status
from services.router.domain.outcome import Outcome, refusal_of_number
from services.router.ports import PlanMemory, RoutedStatus, RoutingStore, Sender
from services.router.usecases.handover import hand_over
from services.router.usecases.plans import Plans, find_plans, number_plan


class RouteStatuses:
    """Routes batches of statuses of any organizations."""

    def __init__(self, store: RoutingStore, sender: Sender, memory: PlanMemory) -> None:
        self._store = store
        self._sender = sender
        self._memory = memory

    async def route(self, statuses: Sequence[Status]) -> Sequence[Outcome]:
        """One outcome a status, in order; ok only for those sender has durably. Raises Unavailable.

        An inactive number's statuses still count: they tell of messages sent before.
        """
        owners = await self._store.owners_of({status.phone_number_id for status in statuses})
        plans = await find_plans(self._store, self._memory, owners)
        opened = [_open(status, plans) for status in statuses]
        routed = [item for item in opened if isinstance(item, RoutedStatus)]
        told = iter(await hand_over(routed, self._sender.apply_statuses, lane_of=_lane_of))
        return [item if isinstance(item, Outcome) else next(told) for item in opened]


def _open(status: Status, plans: Plans) -> RoutedStatus | Outcome:
    plan = number_plan(plans, status.phone_number_id)
    refusal = refusal_of_number(status.phone_number_id, plan, status.signed_by)
    return refusal or RoutedStatus(plans[status.phone_number_id].organization.organization_id, status)


def _lane_of(routed: RoutedStatus) -> str:
    return routed.status.message_id
