"""People of an organization come and go: they log in, renew, leave, are invited, accept; a program shows its key."""

from __future__ import annotations

from dataclasses import dataclass

from services.ingress.accounts.provisioning import OPERATOR, WantedUser
from services.ingress.accounts.sessions import Session
from services.ingress.accounts.store import PostgresAccounts
from services.ingress.domain.accounts.texts import digest
from tests.walls.tenants import Tenant
from tests.walls.world import World

_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an organization's people were given."""

    refresh: str
    invitation: str


async def join(world: World, tenant: Tenant) -> Tokens:
    """One has a password and logs in, another is invited; a key is made."""
    provisioning = world.accounts.provisioning
    named = {"organization_id": tenant.organization_id, "organization_name": f"Loja {tenant.tag}", "is_dry_run": False}
    await provisioning.put_user(wanted=_wanted("eva", _password(tenant)), **named)
    invited = await provisioning.put_user(wanted=_wanted("ivo"), **named)
    return Tokens((await _login(world, tenant)).refresh_token, invited.invitation_token)


async def act(world: World, tenant: Tenant, tokens: Tokens) -> str:
    """Renew and leave, accept, invite and revoke, ask for a key; who is there afterwards."""
    accounts, organization_id = world.accounts, tenant.organization_id
    renewed = await accounts.sessions.refresh(token=tokens.refresh, address=_ADDRESS)
    await accounts.sessions.logout(token=renewed.refresh_token)
    await _login(world, tenant)
    _, accepted = await accounts.invitations.accept(
        token=tokens.invitation, name=f"Ivo {tenant.tag}", password=_password(tenant), address=_ADDRESS
    )
    for _ in range(2):
        invitation, _ = await accounts.invitations.invite(
            organization_id=organization_id, actor=OPERATOR, email="uma@loja.example", name="", role="agent"
        )
    await accounts.invitations.revoke(
        organization_id=organization_id, actor=OPERATOR, invitation_id=invitation.invitation_id
    )
    users, _ = await accounts.people.page(organization_id=organization_id, skip=0, limit=100)
    open_ones = await accounts.invitations.open_ones(organization_id=organization_id)
    store: PostgresAccounts = world.stores["ingress"]["PostgresAccounts"]
    keys = await store.find_keys(key_hashes=[digest(f"{tenant.tag}-0123456789abcdef-{number}") for number in (1, 2)])
    results = (
        (renewed.user.email, renewed.user.name, accepted.name),
        [(user.email, user.name, user.role, user.is_active, user.lock.failures) for user in users],
        [(one.email, one.role) for one in open_ones],
        sorted((str(owner.organization_id), owner.key.name, sorted(owner.key.scopes)) for owner in keys.values()),
    )
    return repr(results)


async def _login(world: World, tenant: Tenant) -> Session:
    return await world.accounts.sessions.login(
        email=_email("eva"), password=_password(tenant), organization=f"Loja {tenant.tag}", address=_ADDRESS
    )


def _wanted(who: str, password: str = "") -> WantedUser:
    return WantedUser(email=_email(who), name=who, role="org_admin", password=password)


def _email(who: str) -> str:
    return f"{who}@loja.example"


def _password(tenant: Tenant) -> str:
    return f"{tenant.tag} uma senha longa"
