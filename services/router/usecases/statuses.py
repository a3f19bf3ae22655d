"""Route statuses and news: whose number or account; then hand them to sender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.router.domain.message import Status
from services.router.domain.organization import OrganizationPlan, number_dialled
from services.router.domain.outcome import Outcome, refusal_of_number, unroutable
from services.router.ports import NumberOwner, PlanMemory, RoutedStatus, RoutingStore, Sender
from services.router.usecases.accounts import LearnAccounts
from services.router.usecases.handover import hand_over
from services.router.usecases.plans import Plans, find_plans, number_plan, plan_of


class RouteStatuses:
    """Routes batches of statuses and news of any organizations."""

    def __init__(self, store: RoutingStore, sender: Sender, memory: PlanMemory, accounts: LearnAccounts) -> None:
        self._store = store
        self._sender = sender
        self._memory = memory
        self._accounts = accounts

    async def route(self, statuses: Sequence[Status]) -> Sequence[Outcome]:
        """One outcome a status, in order; ok only for those sender has durably. Raises Unavailable.

        An inactive number's statuses still count: they tell of messages sent before.
        """
        owners = await self._store.owners_of({status.phone_number_id for status in statuses if _has_number(status)})
        plans = await find_plans(self._store, self._memory, owners)
        of_accounts = await self._organizations_of(statuses)
        opened = [
            [_open(status, plans)] if _has_number(status) else _open_news(status, of_accounts) for status in statuses
        ]
        routed = [item for items in opened for item in items if isinstance(item, RoutedStatus)]
        told = iter(await hand_over([each for each in routed if not each.status.is_news], self._sender.apply_statuses,
                                    lane_of=_lane_of))  # fmt: skip
        heard = iter(await hand_over([each for each in routed if each.status.is_news], self._sender.apply_notices,
                                     lane_of=_lane_of))  # fmt: skip
        await self._accounts.learn((each.organization_id, each.status.waba_id) for each in routed)
        outcomes = [
            [item if isinstance(item, Outcome) else next(heard if item.status.is_news else told) for item in items]
            for items in opened
        ]
        await self._note_preferences(opened, outcomes)
        return [_worst(each) for each in outcomes]

    async def _organizations_of(self, statuses: Sequence[Status]) -> Mapping[str, Sequence[OrganizationPlan]]:
        """Who has numbers of the accounts that news without a number are about."""
        waba_ids = {status.waba_id for status in statuses if not _has_number(status)} - {""}
        owners: Mapping[str, Sequence[NumberOwner]] = await self._store.accounts_of(waba_ids) if waba_ids else {}
        return {
            waba_id: [await plan_of(self._store, self._memory, owner) for owner in found]
            for waba_id, found in owners.items()
        }

    async def _note_preferences(
        self, opened: Sequence[Sequence[RoutedStatus | Outcome]], outcomes: Sequence[Sequence[Outcome]]
    ) -> None:
        """Contacts are told of what sender has taken."""
        noted = [
            (item.organization_id, preference.wa_id, preference.user_id, not preference.is_out)
            for items, results in zip(opened, outcomes, strict=True)
            for item, result in zip(items, results, strict=True)
            if isinstance(item, RoutedStatus) and result.kind == "ok"
            if (preference := item.status.preference) is not None
        ]
        if noted:
            await self._store.note_consents(noted)


def _has_number(status: Status) -> bool:
    """News of templates name only the account."""
    return not status.is_news or bool(status.phone_number_id)


def _open(status: Status, plans: Plans) -> RoutedStatus | Outcome:
    plan = number_plan(plans, status.phone_number_id)
    refusal = refusal_of_number(status.phone_number_id, plan, status.signed_by)
    return refusal or RoutedStatus(plans[status.phone_number_id].organization.organization_id, status)


def _open_news(
    status: Status, of_accounts: Mapping[str, Sequence[OrganizationPlan]]
) -> Sequence[RoutedStatus | Outcome]:
    """The news for each organization of the account that believes the Meta app it comes from."""
    believing = [
        plan
        for plan in of_accounts.get(status.waba_id, ())
        if any(refusal_of_number(number, each, status.signed_by) is None for number, each in plan.numbers.items())
    ]
    if not believing:
        what = f"no organization is known to have numbers of the account {status.waba_id}"
        return [unroutable(f"{what}; set waba_id of one")]
    if not status.phone_number:
        return [RoutedStatus(plan.organization.organization_id, status) for plan in believing]
    dialled = [(plan, number_dialled(plan, status.phone_number, waba_id=status.waba_id)) for plan in believing]
    named = [RoutedStatus(plan.organization.organization_id, status, number) for plan, number in dialled if number]
    what = f"no number of the account {status.waba_id} is known to be dialled as Meta names it"
    return named or [unroutable(f"{what}; set its display_phone_number")]


def _lane_of(routed: RoutedStatus) -> str:
    return routed.status.message_id or routed.status.waba_id


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    """What counts for an item that went to several: it comes again while one has not taken it."""
    return next((outcome for outcome in outcomes if outcome.kind == "retry"), outcomes[0])
