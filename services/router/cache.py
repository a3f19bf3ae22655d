"""Compiled setups of organizations, never older than the version read in the same transaction."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from services.router.domain.organization import OrganizationPlan, Setup, compile_setup

MOST_ORGANIZATIONS = 1024
MOST_NUMBERS = 16 * MOST_ORGANIZATIONS


class PlanCache:
    """Keeps the plans last used; the caller brings the version that is true now, so nothing expires by time."""

    def __init__(self, *, organizations: int = MOST_ORGANIZATIONS, numbers: int = MOST_NUMBERS) -> None:
        self._most_organizations = organizations
        self._most_numbers = numbers
        self._plans: OrderedDict[UUID, OrganizationPlan] = OrderedDict()
        self._owners: OrderedDict[str, UUID] = OrderedDict()

    def plan_of(self, organization_id: UUID, config_version: int) -> OrganizationPlan | None:
        """The plan of exactly this version, or None."""
        plan = self._plans.get(organization_id)
        if plan is None or plan.organization.config_version != config_version:
            return None
        self._plans.move_to_end(organization_id)
        return plan

    def keep(self, setup: Setup) -> OrganizationPlan:
        """Compile a setup and keep it, forgetting the one unused for longest."""
        plan = compile_setup(setup)
        self._plans[setup.organization.organization_id] = plan
        self._plans.move_to_end(setup.organization.organization_id)
        if len(self._plans) > self._most_organizations:
            self._plans.popitem(last=False)
        return plan

    def keep_owner(self, phone_number_id: str, organization_id: UUID) -> None:
        """Remember whose a number is; only a hint for the scope of the next transaction."""
        self._owners[phone_number_id] = organization_id
        if len(self._owners) > self._most_numbers:
            self._owners.popitem(last=False)

    def likely_owners(self, phone_number_ids: Iterable[str]) -> set[UUID]:
        """The organizations these numbers belonged to when last seen."""
        return {self._owners[number] for number in phone_number_ids if number in self._owners}
