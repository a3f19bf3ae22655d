"""Lists of people, invitations and keys fit into one answer, however many there are."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.rpc import called_by
from services.chassis.rpc.sizes import MOST_MESSAGE_BYTES
from services.chassis.tenancy import Principal
from services.ingress.accounts.server import AccountsServer
from services.ingress.domain.accounts.facts import ApiKey, Invitation, User
from services.pb.ingress.v1 import ingress_pb2

SOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LONG = "ö" * 120


class Crowded:
    """An organization with more of everything than one answer holds."""

    async def page(self, *, organization_id: UUID, skip: int, limit: int, after: str) -> tuple[Sequence[User], int]:
        emails = [f"{number:05}.{LONG}@example.com" for number in range(10_000)]
        users = [User(user_id=uuid4(), email=email, name=LONG, role="agent", password_hash="") for email in emails]
        return [user for user in users if user.email > after][:limit], len(users)

    async def open_ones(self, *, organization_id: UUID) -> Sequence[Invitation]:
        invitation = Invitation(
            invitation_id=uuid4(), email=f"{LONG}@example.com", name=LONG, role="agent", token_hash=b"",
            invited_by="operator", expires_at=SOON,
        )  # fmt: skip
        return [invitation] * 10_000

    async def all(self, *, organization_id: UUID) -> Sequence[ApiKey]:
        return [ApiKey(key_id=uuid4(), name=LONG, scopes=frozenset({LONG}), key_hash=b"")] * 20_000


@pytest.fixture
def server() -> Any:
    called_by(Principal("operator", None, None, inf, "svc:operator", frozenset()))
    crowded: Any = Crowded()
    return AccountsServer(provisioning=crowded, people=crowded, invitations=crowded, keys=crowded)


async def test_people_and_invitations_share_an_answer(server: Any) -> None:
    answer = await server.ListUsers(ingress_pb2.ListUsersRequest(organization_id=str(uuid4())), None)

    assert 1_000 < len(answer.users) < 10_000
    assert 1_000 < len(answer.invitations) < 10_000
    assert answer.ByteSize() < MOST_MESSAGE_BYTES


async def test_people_go_on_where_the_answer_before_ended(server: Any) -> None:
    emails, cursor = [], ""
    while True:
        request = ingress_pb2.ListUsersRequest(organization_id=str(uuid4()), cursor=cursor)
        answer = await server.ListUsers(request, None)
        emails += [user.email for user in answer.users]
        if not (cursor := answer.cursor):
            break

    assert len(emails) == len(set(emails)) == 10_000
    assert emails == sorted(emails)
    assert not answer.invitations


async def test_keys_end_where_the_answer_does(server: Any) -> None:
    answer = await server.ListApiKeys(ingress_pb2.ListApiKeysRequest(organization_id=str(uuid4())), None)

    assert 1_000 < len(answer.api_keys) < 20_000
    assert answer.ByteSize() < MOST_MESSAGE_BYTES
