"""The shapes of people, sessions, invitations and API keys over REST. A secret is in the answer that makes it only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.chassis.tenancy import PERMISSIONS, ROLES
from services.ingress.accounts.keys import LONGEST_DAYS, MOST_REQUESTS
from services.ingress.accounts.people import LONGEST_NAME
from services.ingress.accounts.sessions import Session
from services.ingress.domain.accounts.emails import LONGEST as LONGEST_EMAIL
from services.ingress.domain.accounts.emails import normal_email
from services.ingress.domain.accounts.facts import ACCESS_SECONDS, REFRESH_LIFE, ApiKey, Caller, Invitation, User
from services.ingress.domain.accounts.passwords import LONGEST as LONGEST_PASSWORD
from services.ingress.http.rest.models import Time
from services.ingress.http.rest.rules import EMAIL, Flag, Whole, one_of

_NO_NUL = r"^[^\x00]*$"
_LONGEST_TOKEN = 512

Email = Annotated[
    str,
    Field(
        max_length=LONGEST_EMAIL,
        description="Compared without regard to case.",
        examples=["bia@example.com"],
        json_schema_extra=EMAIL,
    ),
    AfterValidator(normal_email),
]
Role = Annotated[
    str,
    Field(
        max_length=40,
        description="super_admin, org_admin, supervisor, agent or viewer.",
        examples=["agent"],
        json_schema_extra=one_of(*ROLES),
    ),
]
Name = Annotated[
    str, Field(max_length=LONGEST_NAME, pattern=_NO_NUL, description="What people see.", examples=["Bia Souza"])
]
NewPassword = Annotated[
    str,
    Field(
        max_length=4 * LONGEST_PASSWORD,
        description="8 to 256 characters, 4 of them different, and not the e-mail address.",
        examples=["três tigres tristes"],
    ),
]
KnownPassword = Annotated[str, Field(max_length=4 * LONGEST_PASSWORD, examples=["três tigres tristes"])]
RefreshText = Annotated[
    str, Field(max_length=_LONGEST_TOKEN, description="ptr_…; serves once.", examples=["ptr_EXAMPLE"])
]


class LoginRequest(BaseModel):
    """Who wants in."""

    email: Email
    password: KnownPassword
    organization: str | None = Field(
        default=None,
        max_length=LONGEST_NAME,
        pattern=_NO_NUL,
        description="Name or id; may be left out by whoever belongs to one organization only.",
        examples=["bakery"],
    )


class UserAnswer(BaseModel):
    """A person of your organization."""

    id: str = Field(examples=["0d6b1c1e-7a8f-4c55-9b0e-3a4d2c6f1a10"])
    email: str = Field(examples=["bia@example.com"])
    name: str = Field(examples=["Bia Souza"])
    role: str = Field(examples=["agent"])
    is_active: bool = Field(description="Whether the person may log in.", examples=[True])
    locked_until: Time | None = Field(description="Until when wrong passwords keep the person out.", examples=[None])
    last_login_at: Time | None = Field(examples=["2026-03-04T13:18:30Z"])
    created_at: Time | None = Field(examples=["2026-03-01T08:00:00Z"])

    @classmethod
    def of(cls, user: User) -> UserAnswer:
        """From a user."""
        return cls(
            id=str(user.user_id),
            email=user.email,
            name=user.name,
            role=user.role,
            is_active=user.is_active,
            locked_until=user.lock.until,
            last_login_at=user.last_login_at,
            created_at=user.created_at,
        )


class SessionAnswer(BaseModel):
    """Tokens of a session."""

    access_token: str = Field(
        description="For Authorization: Bearer …, REST and gRPC.", examples=["eyJhbGciOiJFZDI1NTE5…"]
    )
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the kind of token
    expires_in: int = Field(default=ACCESS_SECONDS, description="Seconds the access token lives.", examples=[900])
    refresh_token: RefreshText
    refresh_expires_in: int = Field(
        default=int(REFRESH_LIFE.total_seconds()), description="Seconds the refresh token lives.", examples=[604800]
    )
    user: UserAnswer

    @classmethod
    def of(cls, session: Session) -> SessionAnswer:
        """From a session."""
        return cls(
            access_token=session.access_token,
            refresh_token=session.refresh_token,
            user=UserAnswer.of(session.user),
        )


class RefreshRequest(BaseModel):
    """The refresh token that was given last."""

    refresh_token: RefreshText


class LogoutRequest(BaseModel):
    """Which session ends."""

    refresh_token: RefreshText | None = Field(
        default=None, description="Left out, every session of the person who asks ends.", examples=["ptr_EXAMPLE"]
    )


class PasswordRequest(BaseModel):
    """Another password for oneself."""

    current_password: KnownPassword
    new_password: NewPassword


class TokenAnswer(BaseModel):
    """A token an API key was exchanged for."""

    access_token: str = Field(description="For gRPC; REST takes the key itself.", examples=["eyJhbGciOiJFZDI1NTE5…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the kind of token
    expires_in: int = Field(description="Seconds it lives.", examples=[900])


class Me(BaseModel):
    """Who asks, as PyTake sees it."""

    kind: Literal["user", "api_key", "team"]
    subject: str = Field(
        description="The name in tokens and the audit log.", examples=["user:0d6b1c1e-7a8f-4c55-9b0e-3a4d2c6f1a10"]
    )
    organization_id: str = Field(examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    role: str | None = Field(description="null for an API key.", examples=["agent"])
    permissions: list[str] = Field(examples=[["conversations:read", "flows:read"]])
    user: UserAnswer | None = Field(description="null for an API key and a team.")

    @classmethod
    def of(cls, caller: Caller, user: User | None) -> Me:
        """From a caller, who may be a user."""
        return cls(
            kind=caller.kind,
            subject=caller.subject,
            organization_id=str(caller.organization_id),
            role=caller.role,
            permissions=sorted(caller.permissions),
            user=UserAnswer.of(user) if user else None,
        )


class UserList(BaseModel):
    """A page of people by e-mail."""

    total: int = Field(description="How many there are on all pages.", examples=[1])
    users: list[UserAnswer]

    @classmethod
    def of(cls, users: Sequence[User], total: int) -> UserList:
        """From users."""
        return cls(total=total, users=[UserAnswer.of(user) for user in users])


class UserRequest(BaseModel):
    """A new person."""

    email: Email
    name: Name = ""
    role: Role
    password: NewPassword


class UserChange(BaseModel):
    """What is to be another; what is left out stays."""

    name: Name | None = None
    role: Role | None = None
    is_active: Flag | None = None


class RoleAnswer(BaseModel):
    """A role."""

    name: str = Field(examples=["viewer"])
    permissions: list[str] = Field(examples=[["flows:read"]])


class RoleList(BaseModel):
    """Every role, the mightiest first, and every permission there is."""

    roles: list[RoleAnswer]
    permissions: list[str] = Field(examples=[["conversations:read", "flows:read"]])


class InvitationRequest(BaseModel):
    """Who is to join."""

    email: Email
    name: Name = ""
    role: Role


class InvitationAnswer(BaseModel):
    """An invitation that can be accepted."""

    id: str = Field(examples=["0d6b1c1e-7a8f-4c55-9b0e-3a4d2c6f1a10"])
    email: str = Field(examples=["rui@example.com"])
    name: str = Field(examples=["Rui"])
    role: str = Field(examples=["agent"])
    invited_by: str = Field(examples=["user:7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    expires_at: Time = Field(examples=["2026-03-11T08:00:00Z"])

    @classmethod
    def of(cls, invitation: Invitation) -> InvitationAnswer:
        """From an invitation."""
        return cls(
            id=str(invitation.invitation_id),
            email=invitation.email,
            name=invitation.name,
            role=invitation.role,
            invited_by=invitation.invited_by,
            expires_at=invitation.expires_at,
        )


class InvitationMade(InvitationAnswer):
    """A new invitation with its token, which is told this once."""

    token: str = Field(description="For POST /api/v1/invitations/accept.", examples=["pti_EXAMPLE"])

    @classmethod
    def with_token(cls, invitation: Invitation, token: str) -> InvitationMade:
        """From an invitation and its token."""
        return cls(**InvitationAnswer.of(invitation).model_dump(), token=token)


class InvitationList(BaseModel):
    """Open invitations, newest first."""

    total: int = Field(examples=[1])
    invitations: list[InvitationAnswer]

    @classmethod
    def of(cls, invitations: Sequence[Invitation]) -> InvitationList:
        """From invitations."""
        return cls(total=len(invitations), invitations=[InvitationAnswer.of(one) for one in invitations])


class AcceptRequest(BaseModel):
    """Joins an organization."""

    token: str = Field(max_length=_LONGEST_TOKEN, examples=["pti_EXAMPLE"])
    name: Name = Field(default="", description="Left out, the name the invitation gave.")
    password: NewPassword


class AcceptAnswer(BaseModel):
    """The new member."""

    organization_id: str = Field(examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    user: UserAnswer

    @classmethod
    def of(cls, organization_id: UUID, user: User) -> AcceptAnswer:
        """From an organization and its new member."""
        return cls(organization_id=str(organization_id), user=UserAnswer.of(user))


class ApiKeyRequest(BaseModel):
    """A new API key."""

    name: str = Field(
        min_length=1, max_length=LONGEST_NAME, pattern=_NO_NUL, description="What it is for.", examples=["till"]
    )
    scopes: list[Annotated[str, Field(max_length=100, json_schema_extra=one_of(*sorted(PERMISSIONS)))]] = Field(
        min_length=1, max_length=100, description="A part of your own permissions.", examples=[["conversations:read"]]
    )
    expires_in_days: Whole | None = Field(
        default=None, ge=1, le=LONGEST_DAYS, description="Left out, it has no end.", examples=[90]
    )
    requests_per_minute: Whole | None = Field(
        default=None, ge=1, le=MOST_REQUESTS, description="Its own limit; left out, the usual one.", examples=[60]
    )


class ApiKeyAnswer(BaseModel):
    """An API key without its text."""

    id: str = Field(examples=["0d6b1c1e-7a8f-4c55-9b0e-3a4d2c6f1a10"])
    name: str = Field(examples=["till"])
    scopes: list[str] = Field(examples=[["conversations:read"]])
    requests_per_minute: int | None = Field(description="null: the usual limit.", examples=[60])
    created_by: str = Field(examples=["user:7c9e6679-7425-40de-944b-e07fc1f90ae7"])
    created_at: Time | None = Field(examples=["2026-03-01T08:00:00Z"])
    expires_at: Time | None = Field(description="null: it has no end.", examples=["2026-05-30T08:00:00Z"])
    last_used_at: Time | None = Field(description="To ten minutes; null: never.", examples=["2026-03-04T13:20:00Z"])

    @classmethod
    def of(cls, key: ApiKey) -> ApiKeyAnswer:
        """From a key."""
        return cls(
            id=str(key.key_id),
            name=key.name,
            scopes=sorted(key.scopes),
            requests_per_minute=key.requests_per_minute,
            created_by=key.created_by,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
        )


class ApiKeyMade(ApiKeyAnswer):
    """A new API key with its text, which is told this once."""

    key: str = Field(description="For Authorization: Bearer …, or X-API-Key.", examples=["ptk_EXAMPLE"])

    @classmethod
    def with_text(cls, key: ApiKey, text: str) -> ApiKeyMade:
        """From a key and its text."""
        return cls(**ApiKeyAnswer.of(key).model_dump(), key=text)


class ApiKeyList(BaseModel):
    """API keys that are not revoked, by name."""

    total: int = Field(examples=[1])
    api_keys: list[ApiKeyAnswer]

    @classmethod
    def of(cls, keys: Sequence[ApiKey]) -> ApiKeyList:
        """From keys."""
        return cls(total=len(keys), api_keys=[ApiKeyAnswer.of(key) for key in keys])
