"""The people of an organization: who is there, in which role, and whether they may come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.chassis.tenancy import ROLE_PERMISSIONS
from services.ingress.accounts import notes
from services.ingress.accounts.passwords import Passwords
from services.ingress.accounts.ports import UserChange, Users
from services.ingress.accounts.refusals import beyond_own, last_org_admin, user_not_found
from services.ingress.domain.accounts.emails import normal_email
from services.ingress.domain.accounts.facts import User
from services.ingress.domain.accounts.giving import Actor, leaves_no_keeper, may_give_role
from services.ingress.domain.accounts.lockout import OPEN

LONGEST_NAME = 120
CHANGES_ROLES = "users:manage_roles"


class People:
    """Lists, makes, changes and unlocks people of one organization at a time."""

    def __init__(self, *, store: Users, passwords: Passwords, new_id: Callable[[], UUID]) -> None:
        self._store = store
        self._passwords = passwords
        self._new_id = new_id

    async def page(
        self, *, organization_id: UUID, skip: int, limit: int, after: str = ""
    ) -> tuple[Sequence[User], int]:
        """People by e-mail, those that follow the e-mail `after`, and how many there are in all. Raises Unavailable."""
        return await self._store.list_users(organization_id=organization_id, skip=skip, limit=limit, after=after)

    async def read(self, *, organization_id: UUID, user_id: UUID) -> User:
        """One person. Raises NotFound or Unavailable."""
        user = await self._store.user(organization_id=organization_id, user_id=user_id)
        if user is None:
            raise user_not_found()
        return user

    async def with_email(self, *, organization_id: UUID, email: str) -> User:
        """The person with this e-mail. Raises NotFound, InvalidArgument or Unavailable."""
        user = await self._store.user_with_email(organization_id=organization_id, email=checked_email(email))
        if user is None:
            raise user_not_found()
        return user

    async def create(
        self,
        *,
        organization_id: UUID,
        actor: Actor,
        email: str,
        name: str,
        role: str,
        password: str,
        organization_name: str = "",
    ) -> User:
        """Make somebody a member. Raises InvalidArgument, PermissionDenied, AlreadyExists or Unavailable."""
        refuse_role(actor, role)
        email = checked_email(email)
        user = User(
            user_id=self._new_id(),
            email=email,
            name=checked_name(name),
            role=role,
            password_hash=await self._passwords.hash_new(password, email=email),
        )
        entry = notes.of_user(organization_id, "create", user, actor=actor.subject, after=user)
        await self._store.add_user(
            organization_id=organization_id, user=user, organization_name=organization_name, entries=[entry]
        )
        return user

    async def change(
        self,
        *,
        organization_id: UUID,
        actor: Actor,
        user_id: UUID,
        name: str | None = None,
        role: str | None = None,
        is_active: bool | None = None,
        password_hash: str | None = None,
    ) -> User:
        """Change what is not None. A new role or password, and being closed, end every session of the person.

        Raises NotFound, InvalidArgument, PermissionDenied, FailedPrecondition (nobody would keep the organization) or
        Unavailable.
        """
        if name is not None:
            name = checked_name(name)

        def decide(user: User, keepers: int) -> UserChange:
            wanted = replace(
                user,
                name=user.name if name is None else name,
                role=user.role if role is None else role,
                is_active=user.is_active if is_active is None else is_active,
                password_hash=password_hash or user.password_hash,
            )
            _refuse_change(actor, user, wanted, keepers)
            if wanted == user:
                return UserChange()
            ends_sessions = replace(wanted, name=user.name) != user
            if password_hash is not None:
                wanted = replace(wanted, lock=OPEN)
            entry = notes.of_user(
                organization_id, _verb(user, wanted), user, actor=actor.subject, before=user, after=wanted
            )
            return UserChange(wanted, ends_sessions=ends_sessions, entries=(entry,))

        return await self._store.change_user(organization_id=organization_id, user_id=user_id, decide=decide)

    async def unlock(self, *, organization_id: UUID, actor: Actor, user_id: UUID) -> User:
        """Forget wrong passwords. Raises NotFound, PermissionDenied or Unavailable."""

        def decide(user: User, _: int) -> UserChange:
            _refuse_mightier(actor, user)
            if user.lock == OPEN:
                return UserChange()
            entry = notes.of_user(organization_id, "unlock", user, actor=actor.subject)
            return UserChange(replace(user, lock=OPEN), entries=(entry,))

        return await self._store.change_user(organization_id=organization_id, user_id=user_id, decide=decide)


def checked_email(text: str) -> str:
    """The normal form. Raises InvalidArgument."""
    try:
        return normal_email(text)
    except ValueError as error:
        raise InvalidArgument(f"email {error}") from None


def checked_name(text: str) -> str:
    """A name as people write it. Raises InvalidArgument."""
    name = text.strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidArgument(f"name must have at most {LONGEST_NAME} characters, all of them visible")
    return name


def refuse_role(actor: Actor, role: str) -> None:
    """Raise InvalidArgument for a role that does not exist, PermissionDenied for one the actor may not give."""
    if role not in ROLE_PERMISSIONS:
        raise InvalidArgument(f"role {role!r} does not exist; use one of {', '.join(ROLE_PERMISSIONS)}")
    if not may_give_role(actor, role, ROLE_PERMISSIONS):
        raise beyond_own()


def _refuse_mightier(actor: Actor, user: User) -> None:
    if not may_give_role(actor, user.role, ROLE_PERMISSIONS):
        raise beyond_own()


def _refuse_change(actor: Actor, user: User, wanted: User, keepers: int) -> None:
    _refuse_mightier(actor, user)
    if wanted.role != user.role:
        if not actor.is_operator and CHANGES_ROLES not in actor.permissions:
            raise beyond_own()
        refuse_role(actor, wanted.role)
    is_last = user.is_active and leaves_no_keeper(
        role_before=user.role, role_after=wanted.role, is_active_after=wanted.is_active, active_keepers=keepers
    )
    if is_last:
        raise last_org_admin()


def _verb(user: User, wanted: User) -> str:
    if wanted.is_active != user.is_active:
        return "activate" if wanted.is_active else "deactivate"
    if wanted.role != user.role:
        return "role"
    return "password" if wanted.password_hash != user.password_hash else "change"
