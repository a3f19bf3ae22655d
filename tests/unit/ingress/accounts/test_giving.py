"""Who may give what: nobody more than he has, and nobody but the operator the house's own role."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.tenancy import PERMISSIONS, ROLE_PERMISSIONS, ROLES
from services.ingress.domain.accounts.giving import (
    HOUSE_ROLE,
    KEEPER_ROLE,
    Actor,
    leaves_no_keeper,
    may_give_role,
    may_give_scopes,
)

OPERATOR = Actor("operator", PERMISSIONS, is_operator=True)

roles = st.sampled_from(ROLES)
permissions = st.frozensets(st.sampled_from(sorted(PERMISSIONS)))


def in_role(role: str) -> Actor:
    return Actor(f"user:{role}", ROLE_PERMISSIONS[role])


@given(permissions, roles)
def test_what_somebody_gives_he_has(own: frozenset[str], role: str) -> None:
    actor = Actor("api_key:1", own)

    if may_give_role(actor, role, ROLE_PERMISSIONS):
        assert ROLE_PERMISSIONS[role] <= own
        assert role != HOUSE_ROLE
    else:
        assert role == HOUSE_ROLE or ROLE_PERMISSIONS[role] - own


@given(permissions, permissions)
def test_a_scope_beyond_ones_own_cannot_be_given(own: frozenset[str], wanted: frozenset[str]) -> None:
    assert may_give_scopes(Actor("user:1", own), wanted) == (not wanted - own)


@pytest.mark.parametrize(
    ("role", "given"),
    [
        ("org_admin", {"org_admin", "supervisor", "agent", "viewer"}),
        ("supervisor", {"supervisor", "agent", "viewer"}),
        ("agent", {"agent", "viewer"}),
        ("viewer", {"viewer"}),
        # Looking after many organizations is no voice in any of them: it cannot be handed on.
        ("super_admin", {"viewer"}),
    ],
)
def test_a_role_gives_itself_and_what_is_less(role: str, given: set[str]) -> None:
    assert {other for other in ROLES if may_give_role(in_role(role), other, ROLE_PERMISSIONS)} == given


def test_the_operator_gives_every_role_that_exists() -> None:
    assert all(may_give_role(OPERATOR, role, ROLE_PERMISSIONS) for role in ROLES)
    assert not may_give_role(OPERATOR, "owner", ROLE_PERMISSIONS)
    assert may_give_scopes(OPERATOR, PERMISSIONS)


@given(role_before=roles, role_after=roles, is_active_after=st.booleans(), keepers=st.integers(1, 3))
def test_the_last_keeper_cannot_go_and_everybody_else_can(
    role_before: str, role_after: str, is_active_after: bool, keepers: int
) -> None:
    stays = role_after == KEEPER_ROLE and is_active_after

    leaves = leaves_no_keeper(
        role_before=role_before, role_after=role_after, is_active_after=is_active_after, active_keepers=keepers
    )

    assert leaves == (role_before == KEEPER_ROLE and not stays and keepers == 1)
