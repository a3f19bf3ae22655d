"""The plans of the numbers in a batch, as the store has them now."""

from __future__ import annotations

from collections.abc import Mapping

from services.router.domain.organization import NumberPlan, OrganizationPlan
from services.router.ports import NumberOwner, Owners, PlanMemory, RoutingStore, RoutingWork

Plans = Mapping[str, OrganizationPlan]


async def load_plans(work: RoutingWork, memory: PlanMemory, owners: Owners) -> Plans:
    """The plan of each number's organization; the transaction works for all of them."""
    versions = {owner.organization_id: owner.config_version for owner in owners.values()}
    plans = {
        organization_id: memory.plan_of(organization_id, version) or memory.keep(await work.setup_of(organization_id))
        for organization_id, version in versions.items()
    }
    for phone_number_id, owner in owners.items():
        memory.keep_owner(phone_number_id, owner.organization_id)
    return {number: plans[owner.organization_id] for number, owner in owners.items()}


async def find_plans(store: RoutingStore, memory: PlanMemory, owners: Owners) -> Plans:
    """As load_plans; a transaction is opened only for a plan that is not remembered."""
    remembered = {number: memory.plan_of(*owner) for number, owner in owners.items()}
    found = {number: plan for number, plan in remembered.items() if plan is not None}
    if len(found) == len(owners):
        return found
    async with store.routing({owner.organization_id for owner in owners.values()}) as work:
        return await load_plans(work, memory, owners)


async def plan_of(store: RoutingStore, memory: PlanMemory, owner: NumberOwner) -> OrganizationPlan:
    """The plan of one organization; a transaction is opened only when it is not remembered."""
    remembered = memory.plan_of(*owner)
    if remembered is not None:
        return remembered
    async with store.routing([owner.organization_id]) as work:
        return memory.keep(await work.setup_of(owner.organization_id))


def number_plan(plans: Plans, phone_number_id: str) -> NumberPlan | None:
    """What the number does; None when nobody has it."""
    plan = plans.get(phone_number_id)
    return plan.numbers.get(phone_number_id) if plan else None
