"""Lists of people, invitations and keys fit into one answer, however many there are."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from services.chassis.rpc.sizes import MOST_MESSAGE_BYTES
from services.ingress.accounts.server import AccountsServer
from services.ingress.domain.accounts.facts import ApiKey, Invitation, User
from services.pb.ingress.v1 import ingress_pb2

SOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LONG = "ö" * 120


class Crowded:
    """An organization with more of everything than one answer holds."""

    async def users(self, *, organization_id: UUID) -> tuple[Sequence[User], Sequence[Invitation]]:
        user = User(user_id=uuid4(), email=f"{LONG}@example.com", name=LONG, role="agent", password_hash="")
        invitation = Invitation(
            invitation_id=uuid4(), email=f"{LONG}@example.com", name=LONG, role="agent", token_hash=b"",
            invited_by="operator", expires_at=SOON,
        )  # fmt: skip
        return [user] * 10_000, [invitation] * 10_000

    async def keys(self, *, organization_id: UUID) -> Sequence[ApiKey]:
        return [ApiKey(key_id=uuid4(), name=LONG, scopes=frozenset({LONG}), key_hash=b"")] * 20_000


async def test_people_and_invitations_share_an_answer() -> None:
    server: Any = AccountsServer(Crowded())  # type: ignore[arg-type]  # only what lists ask for

    answer = await server.ListUsers(ingress_pb2.ListUsersRequest(organization_id=str(uuid4())), None)

    assert 1_000 < len(answer.users) < 10_000
    assert 1_000 < len(answer.invitations) < 10_000
    assert answer.ByteSize() < MOST_MESSAGE_BYTES


async def test_keys_end_where_the_answer_does() -> None:
    server: Any = AccountsServer(Crowded())  # type: ignore[arg-type]  # only what lists ask for

    answer = await server.ListApiKeys(ingress_pb2.ListApiKeysRequest(organization_id=str(uuid4())), None)

    assert 1_000 < len(answer.api_keys) < 20_000
    assert answer.ByteSize() < MOST_MESSAGE_BYTES
