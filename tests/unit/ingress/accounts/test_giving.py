"""Who may give what: nobody more than he has but a super_admin himself, and the operator alone the house's own role."""

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
    return Actor(f"user:{role}", ROLE_PERMISSIONS[role], role)


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
        # Without a voice in conversations it appoints those who have one; itself it cannot hand on.
        ("super_admin", {"org_admin", "supervisor", "agent", "viewer"}),
    ],
)
def test_a_role_gives_itself_and_what_is_less(role: str, given: set[str]) -> None:
    assert {other for other in ROLES if may_give_role(in_role(role), other, ROLE_PERMISSIONS)} == given


@given(permissions, roles)
def test_a_key_appoints_nobody_beyond_its_scopes_whoever_made_it(scopes: frozenset[str], role: str) -> None:
    every_scope = ROLE_PERMISSIONS[HOUSE_ROLE]

    for own in (scopes & every_scope, every_scope):
        given = may_give_role(Actor("api_key:1", own), role, ROLE_PERMISSIONS)
        assert given == (role != HOUSE_ROLE and ROLE_PERMISSIONS[role] <= own)


@given(st.frozensets(st.sampled_from(sorted(ROLE_PERMISSIONS[HOUSE_ROLE])), min_size=1), roles)
def test_a_super_admins_token_of_a_part_gives_what_it_has(lacking: frozenset[str], role: str) -> None:
    own = ROLE_PERMISSIONS[HOUSE_ROLE] - lacking

    given = may_give_role(Actor("user:1", own, HOUSE_ROLE), role, ROLE_PERMISSIONS)

    assert given == may_give_role(Actor("user:1", own), role, ROLE_PERMISSIONS)


def test_a_super_admin_gives_keys_what_he_may_himself_and_no_voice() -> None:
    assert may_give_scopes(in_role(HOUSE_ROLE), ROLE_PERMISSIONS[HOUSE_ROLE])
    assert not may_give_scopes(in_role(HOUSE_ROLE), {"messages:send"})


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
