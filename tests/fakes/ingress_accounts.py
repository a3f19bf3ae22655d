"""ingress' accounts when there are none: nobody is known, and what is noted is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.chassis.audit import AuditEntry
from services.ingress.accounts.ports import KeyOwner
from services.ingress.accounts.refusals import invitation_not_found, key_not_found, user_not_found
from services.ingress.domain.accounts.facts import ApiKey, Invitation, User


@dataclass(slots=True)
class NoAccounts:
    """A store of accounts for tests about something else. Nothing can be added to it."""

    notes: list[AuditEntry] = field(default_factory=list)

    async def note(self, *, organization_id: UUID, entries: Sequence[AuditEntry]) -> None:
        self.notes += entries

    async def organization_named(self, *, name: str) -> UUID | None:
        return None

    async def organizations_of_email(self, *, email_hash: bytes) -> Sequence[UUID]:
        return ()

    async def user(self, *, organization_id: UUID, user_id: UUID) -> User | None:
        return None

    async def user_with_email(self, *, organization_id: UUID, email: str) -> User | None:
        return None

    async def list_users(self, *, organization_id: UUID, skip: int, limit: int) -> tuple[Sequence[User], int]:
        return (), 0

    async def add_user(self, **_: object) -> None:
        raise AssertionError("nobody can be added here")

    async def change_user(self, **_: object) -> User:
        raise user_not_found()

    async def use_refresh(self, **_: object) -> None:
        return None

    async def end_family(self, **_: object) -> None:
        return None

    async def invitation(self, *, organization_id: UUID, token_hash: bytes) -> Invitation | None:
        return None

    async def list_invitations(self, *, organization_id: UUID) -> Sequence[Invitation]:
        return ()

    async def add_invitation(self, **_: object) -> None:
        raise AssertionError("nobody can be invited here")

    async def revoke_invitation(self, **_: object) -> None:
        raise invitation_not_found()

    async def accept_invitation(self, **_: object) -> User:
        raise invitation_not_found()

    async def find_keys(self, *, key_hashes: Sequence[bytes]) -> Mapping[bytes, KeyOwner]:
        return {}

    async def list_keys(self, *, organization_id: UUID) -> Sequence[ApiKey]:
        return ()

    async def add_key(self, **_: object) -> None:
        raise AssertionError("no key can be added here")

    async def change_key(self, **_: object) -> ApiKey:
        raise key_not_found()
