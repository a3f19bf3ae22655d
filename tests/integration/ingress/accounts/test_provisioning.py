"""What the operator provides, over gRPC: applied twice it is the same, and a dry run changes nothing."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from joserfc.jwk import OKPKey

from services.chassis.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from services.chassis.rpc import Peer, PeerAddress, RpcServer, Servicer
from services.chassis.tenancy import PublicKeys, ServiceSigner, TokenVerifier
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc
from tests.fixtures.accounts import PASSWORD, Office, accounts_server


class Operator:
    """Calls the Accounts service of an office's organization."""

    def __init__(self, office: Office, peer: Peer) -> None:
        self.office = office
        self._peer = peer
        self._stub = peer.stub(ingress_pb2_grpc.AccountsStub)

    async def put_user(self, who: str, role: str, **more: object) -> ingress_pb2.PutUserResponse:
        request = ingress_pb2.PutUserRequest(
            organization_id=str(self.office.organization_id),
            organization_name=self.office.name,
            email=self.office.email(who),
            role=role,
            **more,
        )
        return await self._peer.call(self._stub.PutUser, request, seconds=10)

    async def put_key(self, name: str, *scopes: str, **more: object) -> ingress_pb2.PutApiKeyResponse:
        request = ingress_pb2.PutApiKeyRequest(
            organization_id=str(self.office.organization_id), name=name, scopes=scopes, **more
        )
        return await self._peer.call(self._stub.PutApiKey, request, seconds=10)

    async def users(self) -> ingress_pb2.ListUsersResponse:
        request = ingress_pb2.ListUsersRequest(organization_id=str(self.office.organization_id))
        return await self._peer.call(self._stub.ListUsers, request, seconds=10)

    async def keys(self) -> list[ingress_pb2.ApiKey]:
        request = ingress_pb2.ListApiKeysRequest(organization_id=str(self.office.organization_id))
        return list((await self._peer.call(self._stub.ListApiKeys, request, seconds=10)).api_keys)

    async def unlock(self, who: str) -> None:
        request = ingress_pb2.UnlockUserRequest(
            organization_id=str(self.office.organization_id), email=self.office.email(who)
        )
        await self._peer.call(self._stub.UnlockUser, request, seconds=10)

    async def set_password(self, who: str, password: str) -> None:
        request = ingress_pb2.SetPasswordRequest(
            organization_id=str(self.office.organization_id), email=self.office.email(who), password=password
        )
        await self._peer.call(self._stub.SetPassword, request, seconds=10)

    async def revoke(self, name: str) -> None:
        request = ingress_pb2.RevokeApiKeyRequest(organization_id=str(self.office.organization_id), name=name)
        await self._peer.call(self._stub.RevokeApiKey, request, seconds=10)


@pytest.fixture
async def operator(office: Office) -> AsyncIterator[Operator]:
    servicer = Servicer(
        "pytake.ingress.v1.Accounts",
        ingress_pb2_grpc.add_AccountsServicer_to_server,
        accounts_server(office.accounts),
    )
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "operator"})
    verifier = TokenVerifier(audience="ingress", keys=PublicKeys([key]))
    server = RpcServer("127.0.0.1:0", [servicer], verifier, drain_seconds=1)
    await server.start()
    peer = Peer(PeerAddress("ingress", f"ipv4:127.0.0.1:{server.port}"), ServiceSigner("operator", key))
    yield Operator(office, peer)
    await peer.close()
    await server.stop()


async def test_a_user_with_a_password_is_made_once_and_logs_in(office: Office, operator: Operator) -> None:
    first = await operator.put_user("ana", "agent", name="Ana", password=PASSWORD)
    second = await operator.put_user("ana", "agent", name="Ana", password=PASSWORD)

    assert (first.is_changed, first.is_new, second.is_changed) == (True, True, False)
    assert first.user_id == second.user_id
    assert (await office.login("ana")).status_code == 200


async def test_a_user_without_a_password_is_invited_once_and_joins(office: Office, operator: Operator) -> None:
    first, second = await operator.put_user("rui", "agent"), await operator.put_user("rui", "agent")
    assert first.invitation_token.startswith("pti_")
    assert (second.is_changed, second.invitation_token) == (False, "")
    assert [invited.email for invited in (await operator.users()).invitations] == [office.email("rui")]

    body = {"token": first.invitation_token, "password": PASSWORD}
    assert (await office.ask("POST", "/invitations/accept", json=body)).status_code == 201

    third = await operator.put_user("rui", "agent")
    assert (third.is_changed, third.invitation_token) == (False, "")


@pytest.mark.parametrize(
    ("role", "more"),
    [("viewer", {}), ("agent", {"password": "um prato de trigo"}), ("agent", {"is_inactive": True})],
)
async def test_another_role_or_password_and_closing_end_every_session(
    office: Office, operator: Operator, role: str, more: dict[str, object]
) -> None:
    await operator.put_user("ana", "agent", password=PASSWORD)
    session = await office.enter("ana")

    changed, again = await operator.put_user("ana", role, **more), await operator.put_user("ana", role, **more)

    assert (changed.is_changed, again.is_changed) == (True, False)
    assert (await office.refresh(session["refresh_token"])).status_code == 401
    (user,) = (await operator.users()).users
    assert (user.role, user.is_active) == (role, "is_inactive" not in more)


async def test_what_is_left_out_stays(office: Office, operator: Operator) -> None:
    await operator.put_user("ana", "agent", name="Ana", password=PASSWORD)

    assert not (await operator.put_user("ana", "agent")).is_changed

    (user,) = (await operator.users()).users
    assert user.name == "Ana"
    assert (await office.login("ana")).status_code == 200


async def test_a_dry_run_says_what_would_change_and_changes_nothing(office: Office, operator: Operator) -> None:
    await operator.put_user("ana", "agent", password=PASSWORD)
    await operator.put_key("till", "flows:read")
    before = await office.records()

    dry = [
        await operator.put_user("ana", "agent", password=PASSWORD, dry_run=True),
        await operator.put_user("ana", "viewer", dry_run=True),
        await operator.put_user("ana", "agent", password="um prato de trigo", dry_run=True),
        await operator.put_user("rui", "agent", dry_run=True),
        await operator.put_user("leo", "agent", password=PASSWORD, dry_run=True),
        await operator.put_key("till", "flows:read", dry_run=True),
        await operator.put_key("till", "users:read", dry_run=True),
        await operator.put_key("other", "flows:read", dry_run=True),
    ]

    assert [(put.is_changed, put.is_new) for put in dry] == [
        (False, False), (True, False), (True, False), (True, True), (True, True),
        (False, False), (True, False), (True, True),
    ]  # fmt: skip
    assert await office.records() == before
    with pytest.raises(InvalidArgument, match="password must have"):
        await operator.put_user("leo", "agent", password="short", dry_run=True)


async def test_the_operator_gives_super_admin_and_keeps_the_last_org_admin(office: Office, operator: Operator) -> None:
    await operator.put_user("sol", "super_admin", password=PASSWORD)
    await operator.put_user("bia", "org_admin", password=PASSWORD)

    with pytest.raises(FailedPrecondition, match="last active org_admin"):
        await operator.put_user("bia", "agent")
    assert {user.role for user in (await operator.users()).users} == {"super_admin", "org_admin"}


async def test_a_lock_and_a_forgotten_password_are_mended(office: Office, operator: Operator) -> None:
    await operator.put_user("ana", "agent", password=PASSWORD)
    for _ in range(5):
        await office.login("ana", "três tigres alegres")
    (locked,) = (await operator.users()).users
    assert locked.HasField("locked_until")

    await operator.unlock("ana")
    assert (await office.login("ana")).status_code == 200
    await operator.set_password("ana", "um prato de trigo")
    assert (await office.login("ana", "um prato de trigo")).status_code == 200

    with pytest.raises(NotFound):
        await operator.unlock("nobody")
    with pytest.raises(InvalidArgument, match="password must have"):
        await operator.set_password("ana", "short")


async def test_a_key_is_made_once_and_told_once(office: Office, operator: Operator) -> None:
    first, second = await operator.put_key("till", "flows:read"), await operator.put_key("till", "flows:read")

    assert (first.is_new, second.is_changed, second.key) == (True, False, "")
    assert (await office.ask("GET", "/flows", first.key)).status_code == 200
    (listed,) = await operator.keys()
    assert (listed.key_id, list(listed.scopes)) == (first.key_id, ["flows:read"])


async def test_a_keys_scopes_and_limit_change_and_its_text_stays(office: Office, operator: Operator) -> None:
    made = await operator.put_key("till", "flows:read", expires_in_days=5)
    assert (await office.ask("GET", "/flows", made.key)).status_code == 200

    changed = await operator.put_key("till", "users:read", requests_per_minute=7, expires_in_days=9)

    assert (changed.is_changed, changed.key) == (True, "")
    assert (await office.ask("GET", "/flows", made.key)).status_code == 403
    assert (await office.ask("GET", "/users", made.key)).headers.get("ratelimit-limit") == "7"
    (listed,) = await operator.keys()
    assert listed.expires_at.seconds == int(office.clock.now().timestamp()) + 5 * 86_400


async def test_a_key_may_have_a_text_that_was_chosen_and_gets_another(office: Office, operator: Operator) -> None:
    chosen, other = (f"chosen-{uuid4().hex}" for _ in range(2))
    await operator.put_key("till", "flows:read", key=chosen)
    assert not (await operator.put_key("till", "flows:read", key=chosen)).is_changed
    assert (await office.ask("GET", "/flows", chosen)).status_code == 200

    assert (await operator.put_key("till", "flows:read", key=other)).is_changed

    assert (await office.ask("GET", "/flows", chosen)).status_code == 401
    assert (await office.ask("GET", "/flows", other)).status_code == 200
    with pytest.raises(AlreadyExists):
        await operator.put_key("second", "flows:read", key=other)


async def test_a_chosen_text_opens_again_after_its_key_was_revoked_or_has_ended(
    office: Office, operator: Operator
) -> None:
    chosen = f"chosen-{uuid4().hex}"
    await operator.put_key("till", "flows:read", key=chosen, expires_in_days=1)
    office.clock.seconds += 86_400
    assert (await operator.put_key("till", "flows:read", key=chosen)).is_new
    assert (await office.ask("GET", "/flows", chosen)).status_code == 200

    await operator.revoke("till")
    assert (await office.ask("GET", "/flows", chosen)).status_code == 401
    await operator.put_key("till", "flows:read", key=chosen)

    assert (await office.ask("GET", "/flows", chosen)).status_code == 200
    with pytest.raises(NotFound):
        await operator.revoke("no such key")


async def test_what_the_operator_does_is_noted_as_his(office: Office, operator: Operator) -> None:
    await operator.put_user("ana", "agent", password=PASSWORD)
    await operator.put_user("ana", "viewer")
    await operator.set_password("ana", "um prato de trigo")
    for _ in range(5):
        await office.login("ana")
    await operator.unlock("ana")
    await operator.put_key("till", "flows:read")
    await operator.put_key("till", "users:read")
    await operator.revoke("till")

    assert [action for actor, action in await office.noted() if actor == "operator"] == [
        "user.create", "user.role", "user.password", "user.unlock",
        "api_key.create", "api_key.change", "api_key.revoke",
    ]  # fmt: skip
