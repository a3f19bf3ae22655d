"""What people and keys need from outside: their tables, and a signer.

Where a change depends on what is there, the store is given the decision: it reads, asks, and writes what was decided,
all in one transaction in which changes of that organization's accounts take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.chassis.audit import AuditEntry
from services.ingress.domain.accounts.facts import ApiKey, Invitation, RefreshToken, User


@dataclass(frozen=True, slots=True)
class UserChange:
    """What is written about a person: the new form (None: nothing), a first link of a new family, notes for the audit.

    `ends_sessions` revokes every refresh token there is.
    """

    user: User | None = None
    new_family: RefreshToken | None = None
    ends_sessions: bool = False
    entries: tuple[AuditEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class RefreshChange:
    """What using a refresh token brings: the family's next link, or its end; neither when it was dead already."""

    next_link: RefreshToken | None = None
    ends_family: bool = False
    entries: tuple[AuditEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """A key and whose it is."""

    organization_id: UUID
    key: ApiKey


DecideUser = Callable[[User, int], UserChange]
"""The person as stored, and how many active people keep the organization → what is written. May raise."""
DecideRefresh = Callable[[RefreshToken, User], RefreshChange]
DecideKey = Callable[[ApiKey], tuple[ApiKey | None, Sequence[AuditEntry]]]


class Directory(Protocol):
    """Which organization somebody means who has not proven anything yet."""

    async def organization_named(self, *, name: str) -> UUID | None:
        """The organization with this name."""

    async def organizations_of_email(self, *, email_hash: bytes) -> Sequence[UUID]:
        """Up to two organizations that know this e-mail."""


class Users(Protocol):
    """People. Every method raises Unavailable when Postgres is out of reach."""

    async def user(self, *, organization_id: UUID, user_id: UUID) -> User | None:
        """One person."""

    async def user_with_email(self, *, organization_id: UUID, email: str) -> User | None:
        """The person with this normal e-mail."""

    async def list_users(
        self, *, organization_id: UUID, skip: int, limit: int, after: str
    ) -> tuple[Sequence[User], int]:
        """People by e-mail, those that follow the e-mail `after`, and how many there are in all."""

    async def add_user(
        self, *, organization_id: UUID, user: User, organization_name: str = "", entries: Sequence[AuditEntry]
    ) -> None:
        """Store a new person. Raises AlreadyExists."""

    async def change_user(self, *, organization_id: UUID, user_id: UUID, decide: DecideUser) -> User:
        """Change a person as decided; gives the form that is stored afterwards. Raises NotFound."""


class SessionStore(Protocol):
    """Refresh tokens."""

    async def use_refresh(
        self, *, organization_id: UUID, token_hash: bytes, decide: DecideRefresh
    ) -> tuple[RefreshChange, User] | None:
        """Use a refresh token as decided; None when nobody has it."""

    async def end_family(
        self, *, organization_id: UUID, token_hash: bytes, note: Callable[[RefreshToken], AuditEntry]
    ) -> None:
        """Revoke the family a token is of; nothing happens when nobody has it, or it has ended."""


class InvitationStore(Protocol):
    """Invitations."""

    async def list_invitations(self, *, organization_id: UUID) -> Sequence[Invitation]:
        """Those that nobody has accepted or revoked, newest first."""

    async def add_invitation(
        self,
        *,
        organization_id: UUID,
        invitation: Invitation,
        organization_name: str = "",
        entries: Sequence[AuditEntry],
    ) -> None:
        """Store an invitation; an older open one of the same e-mail is revoked. Raises AlreadyExists for a member."""

    async def revoke_invitation(
        self, *, organization_id: UUID, invitation_id: UUID, decide: Callable[[Invitation], Sequence[AuditEntry]]
    ) -> None:
        """Revoke an open invitation. Raises NotFound."""

    async def accept_invitation(
        self,
        *,
        organization_id: UUID,
        token_hash: bytes,
        decide: Callable[[Invitation], tuple[User, Sequence[AuditEntry]]],
    ) -> User:
        """Make the invited person a member. Raises NotFound, or AlreadyExists when the e-mail is a member's by now."""

    async def invitation(self, *, organization_id: UUID, token_hash: bytes) -> Invitation | None:
        """The invitation with this token."""


class KeyStore(Protocol):
    """API keys."""

    async def find_keys(self, *, key_hashes: Sequence[bytes]) -> Mapping[bytes, KeyOwner]:
        """Keys by hash, whosesoever they are; notes that they were used."""

    async def list_keys(self, *, organization_id: UUID) -> Sequence[ApiKey]:
        """Keys that are not revoked, by name."""

    async def add_key(self, *, organization_id: UUID, key: ApiKey, entries: Sequence[AuditEntry]) -> None:
        """Store a key. Raises AlreadyExists for a name that is taken, or a text that is a key already."""

    async def change_key(self, *, organization_id: UUID, key_id: UUID, decide: DecideKey) -> ApiKey:
        """Change a living key as decided (None: leave it); gives the form stored afterwards. Raises NotFound."""


class Notes(Protocol):
    """The audit log, for what changes nothing."""

    async def note(self, *, organization_id: UUID, entries: Sequence[AuditEntry]) -> None:
        """Write entries. Raises Unavailable."""


class AccountStore(Directory, Users, SessionStore, InvitationStore, KeyStore, Notes, Protocol):
    """All of it."""


class Signer(Protocol):
    """Signs access tokens (chassis' TeamSigner)."""

    def sign(
        self,
        *,
        organization_id: str,
        role: str | None,
        subject: str,
        permissions: Collection[str] | None = None,
        seconds: int = ...,
    ) -> str:
        """A token for REST and gRPC."""
