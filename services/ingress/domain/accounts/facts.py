"""People, keys, invitations and sessions as ingress stores them. Times are aware UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from services.ingress.domain.accounts.giving import Actor
from services.ingress.domain.accounts.lockout import OPEN, Lock

REFRESH_LIFE = timedelta(days=7)
INVITATION_LIFE = timedelta(days=7)
ACCESS_SECONDS = 900

Kind = Literal["user", "api_key", "team"]
USER: Final = "user"
API_KEY: Final = "api_key"
TEAM: Final = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks over REST, once proven: a person, an API key, or a team whose token names neither.

    `subject` is its name in limits and the audit log, such as user:<id>; `role` is None for keys. A key may have an end
    and its own limit of requests a minute.
    """

    kind: Kind
    subject: str
    organization_id: UUID
    role: str | None
    permissions: frozenset[str]
    expires_at: datetime | None = None
    requests_per_minute: int | None = None

    @property
    def actor(self) -> Actor:
        """The caller as one who gives and takes."""
        return Actor(self.subject, self.permissions, self.role)

    @property
    def user_id(self) -> UUID | None:
        """The person's id; None when it is not one."""
        return UUID(self.subject.partition(":")[2]) if self.kind == USER else None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person of one organization; `email` is in its normal form."""

    user_id: UUID
    email: str
    name: str
    role: str
    password_hash: str = field(repr=False)
    is_active: bool = True
    lock: Lock = OPEN
    created_at: datetime | None = None
    last_login_at: datetime | None = None

    @property
    def subject(self) -> str:
        """The person's name in tokens and the audit log."""
        return f"{USER}:{self.user_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """One link of a family: every use makes the next link."""

    token_hash: bytes
    family_id: UUID
    user_id: UUID
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program's key; `requests_per_minute` is its own limit, None means the usual one."""

    key_id: UUID
    name: str
    scopes: frozenset[str]
    key_hash: bytes = field(repr=False)
    requests_per_minute: int | None = None
    created_by: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_alive(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def subject(self) -> str:
        """The key's name in tokens and the audit log."""
        return f"{API_KEY}:{self.key_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What makes somebody a member once he has chosen a password."""

    invitation_id: UUID
    email: str
    name: str
    role: str
    token_hash: bytes = field(repr=False)
    invited_by: str
    expires_at: datetime
    created_at: datetime | None = None
    accepted_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it can be accepted."""
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at


Use = Literal["good", "reused", "dead"]


def use_of(token: RefreshToken, now: datetime) -> Use:
    """What presenting a refresh token means: `reused` ends its family, whoever of the two is the thief."""
    if token.used_at is not None:
        return "reused"
    if token.revoked_at is not None or now >= token.expires_at:
        return "dead"
    return "good"
