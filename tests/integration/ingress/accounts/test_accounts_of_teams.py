"""Teams and people keep their organization's accounts over gRPC: as over REST, nobody gives beyond what he may."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.message import Message
from joserfc.jwk import OKPKey

from services.chassis.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PytakeError,
)
from services.chassis.rpc import Peer, PeerAddress, RpcServer, Servicer
from services.chassis.tenancy import PERMISSIONS, ROLE_PERMISSIONS, PublicKeys, TeamSigner, TokenVerifier
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc
from tests.fixtures.accounts import PASSWORD, Office, accounts_server
from tests.fixtures.noted import noted
from tests.fixtures.teams import Team


class Caller:
    """Somebody with a token of the office's organization."""

    def __init__(self, office: Office, peer: Peer) -> None:
        self._office = office
        self._peer = peer
        self._stub = peer.stub(ingress_pb2_grpc.AccountsStub)

    async def ask(self, method: str, **fields: Any) -> Any:
        request = getattr(ingress_pb2, f"{method}Request")(organization_id=str(self._office.organization_id), **fields)
        return await self._peer.call(getattr(self._stub, method), request, seconds=10)

    async def make(self, who: str, role: str) -> ingress_pb2.User:
        made = await self.ask("CreateUser", email=self._office.email(who), name=who, role=role, password=PASSWORD)
        user: ingress_pb2.User = made.user
        return user


Enter = Callable[..., Caller]


@pytest.fixture
async def enter(office: Office) -> AsyncIterator[Enter]:
    """Gives callers with a role, or with some permissions only."""
    servicer = Servicer(
        "pytake.ingress.v1.Accounts",
        ingress_pb2_grpc.add_AccountsServicer_to_server,
        accounts_server(office.accounts),
    )
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "operator"})
    verifier = TokenVerifier(audience="ingress", keys=PublicKeys([key]))
    server = RpcServer("127.0.0.1:0", [servicer], verifier, drain_seconds=1)
    await server.start()
    peers = []

    def caller(role: str | None = None, *permissions: str, subject: str = "team:back-office") -> Caller:
        team = Team(
            TeamSigner("operator", key),
            str(office.organization_id),
            role=role,
            permissions=permissions or None,
            subject=subject,
        )
        peers.append(team.peer(PeerAddress("ingress", f"ipv4:127.0.0.1:{server.port}")))
        return Caller(office, peers[-1])

    yield caller
    for peer in peers:
        await peer.close()
    await server.stop()


async def refused(asked: Any) -> type[PytakeError]:
    with pytest.raises(PytakeError) as error:
        await asked
    return type(error.value)


async def test_a_user_is_made_read_changed_and_closed_and_every_step_is_noted(office: Office, enter: Enter) -> None:
    admin = enter("org_admin")
    await office.add("keeper", "org_admin")

    made = await admin.make("ana", "agent")
    key = {"user_id": made.user_id}
    assert (await office.login("ana")).status_code == 200
    changed = (await admin.ask("UpdateUser", **key, role="supervisor", name="Ana Lima")).user
    closed = (await admin.ask("UpdateUser", **key, update_mask={"paths": ["is_active"]})).user
    read = (await admin.ask("GetUser", **key)).user
    listed = (await admin.ask("ListUsers")).users

    assert (made.email, made.role, made.is_active) == (office.email("ana"), "agent", True)
    assert (changed.role, changed.name, changed.is_active) == ("supervisor", "Ana Lima", True)
    assert (closed.is_active, read) == (False, closed)
    assert [user.email for user in listed] == [office.email("ana"), office.email("keeper")]
    assert (await office.login("ana")).status_code == 401
    records = [record for record in await noted(office.audit, str(office.organization_id)) if "team" in record.actor]
    assert [record.action for record in records] == ["user.create", "user.role", "user.deactivate"]
    assert {record.actor for record in records} == {"team:back-office"}


async def test_what_the_mask_does_not_name_stays(office: Office, enter: Enter) -> None:
    admin = enter("org_admin")
    made = await admin.make("ana", "agent")

    user = (
        await admin.ask("UpdateUser", user_id=made.user_id, update_mask={"paths": ["name"]}, name="", role="viewer")
    ).user

    assert (user.name, user.role, user.is_active) == ("", "agent", True)
    for wrong in ({"paths": ["email"]}, {"paths": ["role"]}):
        with pytest.raises(InvalidArgument):
            await admin.ask("UpdateUser", user_id=made.user_id, update_mask=wrong)


@pytest.mark.parametrize("role", ["super_admin", "org_admin"])
async def test_nobody_gives_a_role_beyond_his_own_permissions(office: Office, enter: Enter, role: str) -> None:
    half = enter(None, "users:manage", "users:manage_roles", *ROLE_PERMISSIONS["agent"])
    ana = await half.make("ana", "agent")
    keeper = await office.add("keeper", "org_admin")

    assert await refused(half.make("rui", role)) is PermissionDenied
    assert await refused(half.ask("UpdateUser", user_id=ana.user_id, role=role)) is PermissionDenied
    invited = half.ask("CreateInvitation", email=office.email("rui"), role=role)
    assert await refused(invited) is PermissionDenied
    # Nor does he touch who may more than he.
    for method, fields in (("UpdateUser", {"name": "x"}), ("UnlockUser", {})):
        assert await refused(half.ask(method, user_id=keeper, **fields)) is PermissionDenied


async def test_another_role_takes_a_permission_of_its_own(office: Office, enter: Enter) -> None:
    ana = await enter("org_admin").make("ana", "agent")
    without = enter("org_admin", *(ROLE_PERMISSIONS["org_admin"] - {"users:manage_roles"}))

    assert await refused(without.ask("UpdateUser", user_id=ana.user_id, role="viewer")) is PermissionDenied
    assert (await without.ask("UpdateUser", user_id=ana.user_id, name="Ana")).user.name == "Ana"


async def test_the_last_org_admin_stays(office: Office, enter: Enter) -> None:
    keeper = await office.add("keeper", "org_admin")
    admin = enter("org_admin")

    closing = admin.ask("UpdateUser", user_id=keeper, update_mask={"paths": ["is_active"]})

    assert await refused(closing) is FailedPrecondition


async def test_an_invitation_is_made_listed_taken_back_or_accepted(office: Office, enter: Enter) -> None:
    admin = enter("org_admin")
    made = [await admin.ask("CreateInvitation", email=office.email(who), name=who, role="agent") for who in "ab"]

    pages, cursor = [], ""
    for _ in range(2):
        page = await admin.ask("ListInvitations", limit=1, cursor=cursor)
        pages.append([invitation.name for invitation in page.invitations])
        cursor = page.cursor
    await admin.ask("RevokeInvitation", invitation_id=made[0].invitation.invitation_id)
    body = {"token": made[1].invitation_token, "password": PASSWORD}

    assert (pages, cursor) == ([["b"], ["a"]], "")
    assert made[0].invitation.invited_by == "team:back-office"
    assert (await office.ask("POST", "/invitations/accept", json=body)).status_code == 201
    assert not (await admin.ask("ListInvitations")).invitations
    again = admin.ask("RevokeInvitation", invitation_id=made[0].invitation.invitation_id)
    assert await refused(again) is NotFound


async def test_a_key_has_a_part_of_its_makers_permissions_and_ends_when_it_is_revoked(
    office: Office, enter: Enter
) -> None:
    mine = ["api_keys:manage", "api_keys:read", "flows:read"]
    program = enter(None, *mine, subject=f"api_key:{uuid4()}")

    made = await program.ask("CreateApiKey", name="till", scopes=["flows:read"], expires_in_days=3)
    more = program.ask("CreateApiKey", name="mighty", scopes=["flows:read", "flows:manage"])

    assert await refused(more) is PermissionDenied
    assert await refused(program.ask("CreateApiKey", name="till", scopes=["flows:read"])) is AlreadyExists
    assert (await office.ask("GET", "/auth/me", made.key)).json()["permissions"] == ["flows:read"]
    assert made.api_key.created_by.startswith("api_key:")
    (listed,) = (await program.ask("ListApiKeys")).api_keys
    assert listed.HasField("last_used_at")
    listed.ClearField("last_used_at")
    assert listed == made.api_key
    await program.ask("RevokeApiKey", key_id=made.api_key.key_id)
    assert not (await program.ask("ListApiKeys")).api_keys


async def test_roles_are_told_as_over_rest(office: Office, enter: Enter) -> None:
    told = await enter("org_admin").ask("ListRoles")

    rest = (await office.ask("GET", "/roles", await office.as_role("org_admin"))).json()
    assert [{"name": role.name, "permissions": list(role.permissions)} for role in told.roles] == rest["roles"]
    assert list(told.permissions) == rest["permissions"] == sorted(PERMISSIONS)


async def test_users_come_in_pages_by_email_and_invitations_to_the_operator_only(office: Office, enter: Enter) -> None:
    for who in ("c", "a", "b"):
        await office.add(who, "viewer")
    reader = enter("supervisor")
    await enter("org_admin").ask("CreateInvitation", email=office.email("z"), role="agent")

    first = await reader.ask("ListUsers", limit=2)
    second = await reader.ask("ListUsers", limit=2, cursor=first.cursor)

    assert [user.name for page in (first, second) for user in page.users] == ["a", "b", "c"]
    assert (len(first.users), second.cursor) == (2, "")
    assert not first.invitations


def whatever_is_told(message: Message) -> Collection[str]:
    return {value for _, value in message.ListFields() if isinstance(value, str)}


async def test_no_answer_holds_a_password_or_its_hash(office: Office, enter: Enter) -> None:
    admin = enter("org_admin")
    made = await admin.make("ana", "agent")
    answers = [
        made,
        (await admin.ask("GetUser", user_id=made.user_id)).user,
        (await admin.ask("UpdateUser", user_id=made.user_id, name="Ana")).user,
        *(await admin.ask("ListUsers")).users,
    ]

    user = await office.store.user(organization_id=office.organization_id, user_id=UUID(made.user_id))
    assert user is not None
    for answer in answers:
        assert not {PASSWORD, user.password_hash} & whatever_is_told(answer)


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("GetUser", "users:read"),
        ("CreateUser", "users:manage"),
        ("ListRoles", "roles:read"),
        ("CreateInvitation", "users:manage"),
        ("CreateApiKey", "api_keys:manage"),
        ("PutUser", None),
        ("SetPassword", None),
        ("PutApiKey", None),
    ],
)
async def test_a_token_without_the_permission_is_refused_and_nobody_takes_the_operators_part(
    office: Office, enter: Enter, method: str, permission: str | None
) -> None:
    stranger = enter(None, *(PERMISSIONS - {permission or ""}))

    assert await refused(stranger.ask(method)) is PermissionDenied


async def test_a_thing_is_named_once(office: Office, enter: Enter) -> None:
    admin = enter("org_admin")
    for method, both in (
        ("UnlockUser", {"user_id": str(uuid4()), "email": office.email("ana")}),
        ("RevokeApiKey", {"key_id": str(uuid4()), "name": "till"}),
    ):
        for fields in ({}, both):
            assert await refused(admin.ask(method, **fields)) is InvalidArgument
        assert await refused(admin.ask(method, **dict([next(iter(both.items()))]))) is NotFound
