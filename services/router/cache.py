"""What router remembers: setups and contacts. Only ever a guess: a statement of the same journey verifies it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from uuid import UUID

from services.router.domain.contacts import Acquaintance
from services.router.domain.identity import Naming
from services.router.domain.organization import OrganizationPlan, Setup, compile_setup

MOST_ORGANIZATIONS = 1024
MOST_NUMBERS = 16 * MOST_ORGANIZATIONS
MOST_CONTACTS = 32_768


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

    def likely_owners(self, phone_number_ids: Iterable[str]) -> Mapping[str, UUID]:
        """The organizations these numbers belonged to when last seen."""
        return {number: self._owners[number] for number in phone_number_ids if number in self._owners}

    def likely_plan(self, phone_number_id: str) -> OrganizationPlan | None:
        """The plan of the number's likely owner, of whatever version it was when last seen."""
        organization_id = self._owners.get(phone_number_id)
        if organization_id is None or organization_id not in self._plans:
            return None
        self._plans.move_to_end(organization_id)
        return self._plans[organization_id]


class ContactCache:
    """Keeps the contacts that wrote last, by the names they gave; a name counts in one organization only."""

    def __init__(self, *, contacts: int = MOST_CONTACTS) -> None:
        self._most_contacts = contacts
        self._known: OrderedDict[Naming, Acquaintance] = OrderedDict()

    def recall(self, naming: Naming) -> Acquaintance | None:
        """Whom these names meant when last seen, or None."""
        acquaintance = self._known.get(naming)
        if acquaintance is not None:
            self._known.move_to_end(naming)
        return acquaintance

    def keep(self, naming: Naming, acquaintance: Acquaintance) -> None:
        """Remember whom these names meant, forgetting the one unused for longest."""
        self._known[naming] = acquaintance
        self._known.move_to_end(naming)
        if len(self._known) > self._most_contacts:
            self._known.popitem(last=False)
