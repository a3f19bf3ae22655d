"""The plans of the numbers in a batch, as the present transaction sees them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from services.router.domain.organization import NumberPlan, OrganizationPlan
from services.router.ports import PlanMemory, RoutingWork

Plans = Mapping[str, OrganizationPlan]


async def load_plans(
    work: RoutingWork, memory: PlanMemory, *, phone_number_ids: Collection[str], named: Collection[UUID]
) -> Plans:
    """The plan of each known number's organization; afterwards the transaction works for all of them.

    `named` are the organizations the transaction works for already.
    """
    owners = await work.owners_of(phone_number_ids)
    versions = {owner.organization_id: owner.config_version for owner in owners.values()}
    if not versions.keys() <= set(named):
        await work.work_for(versions)
    plans = {key: await load_plan(work, memory, key, version) for key, version in versions.items()}
    for phone_number_id, owner in owners.items():
        memory.keep_owner(phone_number_id, owner.organization_id)
    return {number: plans[owner.organization_id] for number, owner in owners.items()}


async def load_plan(
    work: RoutingWork, memory: PlanMemory, organization_id: UUID, config_version: int
) -> OrganizationPlan:
    """The organization's plan, remembered if it is of this version."""
    plan = memory.plan_of(organization_id, config_version)
    return plan or memory.keep(await work.setup_of(organization_id))


def number_plan(plans: Plans, phone_number_id: str) -> NumberPlan | None:
    """What the number does; None when nobody has it."""
    plan = plans.get(phone_number_id)
    return plan.numbers.get(phone_number_id) if plan else None
