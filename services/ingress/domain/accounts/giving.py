"""Who may give which role or scope, and take it away: nobody more than he has himself.

One exception: a super_admin appoints people to roles with a voice in conversations, which he has not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

Roles = Mapping[str, frozenset[str]]
"""Role → what it may do."""

HOUSE_ROLE = "super_admin"
"""Looks after many organizations: only the operator of the house gives and takes it. Who has it appoints to every other
role, or an organization would need the operator for its first org_admin."""
KEEPER_ROLE = "org_admin"
"""Every organization keeps at least one active person with it, once it has one."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: `subject` as in tokens and the audit log, `permissions` as `resource:action`.

    `role` is None for API keys: what they have are permissions alone.
    """

    subject: str
    permissions: frozenset[str]
    role: str | None = None
    is_operator: bool = False


def may_give_role(actor: Actor, role: str, roles: Roles) -> bool:
    """Whether the actor may make somebody this, or make somebody who is this something else."""
    if role not in roles:
        return False
    if actor.is_operator:
        return True
    return role != HOUSE_ROLE and (roles[role] <= actor.permissions or _appoints(actor, roles))


def _appoints(actor: Actor, roles: Roles) -> bool:
    """Whether the house's role speaks itself, and whole: no API key has it, and no token of a part of it is enough."""
    return actor.role == HOUSE_ROLE and roles[HOUSE_ROLE] <= actor.permissions


def may_give_scopes(actor: Actor, scopes: Collection[str]) -> bool:
    """Whether the actor may give an API key these permissions, or take them from one."""
    return actor.is_operator or actor.permissions.issuperset(scopes)


def leaves_no_keeper(*, role_before: str, role_after: str, is_active_after: bool, active_keepers: int) -> bool:
    """Whether a change of one active person would leave the organization nobody to keep it."""
    goes = role_before == KEEPER_ROLE and not (role_after == KEEPER_ROLE and is_active_after)
    return goes and active_keepers <= 1
