"""What the operator provides: people and keys as `pytake apply` describes them, as often as it is applied."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.errors import InvalidArgument, NotFound
from services.chassis.tenancy import PERMISSIONS
from services.ingress.accounts.invitations import Invitations
from services.ingress.accounts.keys import ApiKeys, WantedKey, checked_wish
from services.ingress.accounts.passwords import Passwords
from services.ingress.accounts.people import People, checked_email, refuse_role
from services.ingress.domain.accounts.facts import ApiKey, User
from services.ingress.domain.accounts.giving import Actor
from services.ingress.domain.accounts.passwords import check_password
from services.ingress.domain.accounts.texts import digest

OPERATOR = Actor("operator", PERMISSIONS, is_operator=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedUser:
    """A person as a document has it; without a password he is invited, and one who is there keeps his."""

    email: str
    name: str
    role: str
    password: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPut:
    """What became of a person: `invitation_token` is shown this once."""

    is_changed: bool
    is_new: bool = False
    user_id: UUID | None = None
    invitation_token: str = ""
    invitation_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPut:
    """What became of a key: `text` is shown this once."""

    is_changed: bool
    is_new: bool = False
    key_id: UUID | None = None
    text: str = ""


class Provisioning:
    """Brings people and keys to what is wanted. With `is_dry_run` it only says what it would do."""

    def __init__(self, *, people: People, invitations: Invitations, keys: ApiKeys, passwords: Passwords) -> None:
        self._people = people
        self._invitations = invitations
        self._keys = keys
        self._passwords = passwords

    async def put_user(
        self, *, organization_id: UUID, organization_name: str, wanted: WantedUser, is_dry_run: bool
    ) -> UserPut:
        """Make or change a person, or invite one.

        Raises InvalidArgument, FailedPrecondition (the last org_admin), LimitReached or Unavailable.
        """
        refuse_role(OPERATOR, wanted.role)
        email = checked_email(wanted.email)
        self._refuse_password(wanted.password, email)
        try:
            user = await self._people.with_email(organization_id=organization_id, email=email)
        except NotFound:
            if not wanted.password:
                return await self._invite(organization_id, organization_name, wanted, is_dry_run=is_dry_run)
            return await self._create(organization_id, organization_name, wanted, is_dry_run=is_dry_run)
        return await self._change(organization_id, user, wanted, is_dry_run=is_dry_run)

    async def set_password(self, *, organization_id: UUID, email: str, password: str) -> None:
        """Give a person another password; every session ends. Raises NotFound, InvalidArgument or Unavailable."""
        user = await self._people.with_email(organization_id=organization_id, email=email)
        await self._people.change(
            organization_id=organization_id,
            actor=OPERATOR,
            user_id=user.user_id,
            password_hash=await self._passwords.hash_new(password, email=user.email),
        )

    async def put_key(self, *, organization_id: UUID, wanted: WantedKey, own_text: str, is_dry_run: bool) -> KeyPut:
        """Make a key, or give the one with this name these scopes, limit and text; its end stays.

        Raises InvalidArgument, AlreadyExists (the text is another key's) or Unavailable.
        """
        checked_wish(OPERATOR, wanted)
        key = await self._keys.named(organization_id=organization_id, name=wanted.name.strip())
        if key is None:
            if is_dry_run:
                return KeyPut(is_changed=True, is_new=True)
            key, text = await self._keys.create(
                organization_id=organization_id, actor=OPERATOR, wanted=wanted, own_text=own_text
            )
            return KeyPut(is_changed=True, is_new=True, key_id=key.key_id, text=text)
        is_changed = _differs(key, wanted.scopes, wanted.requests_per_minute, own_text)
        if is_changed and not is_dry_run:
            await self._keys.change(
                organization_id=organization_id,
                actor=OPERATOR,
                key_id=key.key_id,
                scopes=wanted.scopes,
                requests_per_minute=wanted.requests_per_minute,
                own_text=own_text,
            )
        return KeyPut(is_changed=is_changed, key_id=key.key_id)

    def _refuse_password(self, password: str, email: str) -> None:
        """Raise InvalidArgument also in a dry run."""
        try:
            if password:
                check_password(password, email=email)
        except ValueError as error:
            raise InvalidArgument(f"password {error}") from None

    async def _create(
        self, organization_id: UUID, organization_name: str, wanted: WantedUser, *, is_dry_run: bool
    ) -> UserPut:
        if is_dry_run:
            return UserPut(is_changed=True, is_new=True)
        user = await self._people.create(
            organization_id=organization_id,
            actor=OPERATOR,
            email=wanted.email,
            name=wanted.name,
            role=wanted.role,
            password=wanted.password,
            organization_name=organization_name,
        )
        if not wanted.is_active:
            await self._people.change(
                organization_id=organization_id, actor=OPERATOR, user_id=user.user_id, is_active=False
            )
        return UserPut(is_changed=True, is_new=True, user_id=user.user_id)

    async def _invite(
        self, organization_id: UUID, organization_name: str, wanted: WantedUser, *, is_dry_run: bool
    ) -> UserPut:
        email = checked_email(wanted.email)
        open_ones = await self._invitations.open_ones(organization_id=organization_id)
        if not wanted.is_active or any(it.email == email and it.role == wanted.role for it in open_ones):
            return UserPut(is_changed=False)
        if is_dry_run:
            return UserPut(is_changed=True, is_new=True)
        invitation, text = await self._invitations.invite(
            organization_id=organization_id,
            actor=OPERATOR,
            email=email,
            name=wanted.name,
            role=wanted.role,
            organization_name=organization_name,
        )
        return UserPut(is_changed=True, is_new=True, invitation_token=text, invitation_expires_at=invitation.expires_at)

    async def _change(self, organization_id: UUID, user: User, wanted: WantedUser, *, is_dry_run: bool) -> UserPut:
        name = wanted.name.strip() or user.name
        has_other_password = bool(wanted.password) and not await self._passwords.is_right(
            wanted.password, user.password_hash
        )
        is_same = (name, wanted.role, wanted.is_active) == (user.name, user.role, user.is_active)
        if (is_same and not has_other_password) or is_dry_run:
            return UserPut(is_changed=not is_same or has_other_password, user_id=user.user_id)
        new_hash = await self._passwords.hash_new(wanted.password, email=user.email) if has_other_password else None
        await self._people.change(
            organization_id=organization_id,
            actor=OPERATOR,
            user_id=user.user_id,
            name=name,
            role=wanted.role,
            is_active=wanted.is_active,
            password_hash=new_hash,
        )
        return UserPut(is_changed=True, user_id=user.user_id)


def _differs(key: ApiKey, scopes: Collection[str], requests_per_minute: int | None, own_text: str) -> bool:
    if own_text and digest(own_text) != key.key_hash:
        return True
    return key.scopes != frozenset(scopes) or key.requests_per_minute != requests_per_minute
