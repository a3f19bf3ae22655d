"""People in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg.errors import UniqueViolation

from services.chassis.audit import AuditEntry
from services.chassis.db import Step
from services.ingress.accounts.ports import DecideUser, UserChange
from services.ingress.accounts.refusals import user_exists, user_not_found
from services.ingress.accounts.store import statements
from services.ingress.accounts.store.rows import user_of, values_of_link, values_of_user
from services.ingress.accounts.store.tables import Tables
from services.ingress.domain.accounts.emails import email_hash
from services.ingress.domain.accounts.facts import User
from services.ingress.domain.accounts.giving import KEEPER_ROLE


class UserTables(Tables):
    """ports.Directory and ports.Users."""

    async def organization_named(self, *, name: str) -> UUID | None:
        """The organization with this name."""
        rows = await self._find(statements.ORGANIZATION_NAMED, name=name)
        return rows[0][0] if rows else None

    async def organizations_of_email(self, *, email_hash: bytes) -> Sequence[UUID]:
        """Up to two organizations that know this e-mail."""
        return [row[0] for row in await self._find(statements.ORGANIZATIONS_OF_EMAIL, hash=email_hash)]

    async def user(self, *, organization_id: UUID, user_id: UUID) -> User | None:
        """One person."""
        rows = await self._read(organization_id, statements.USER, user=user_id)
        return user_of(rows[0]) if rows else None

    async def user_with_email(self, *, organization_id: UUID, email: str) -> User | None:
        """The person with this normal e-mail."""
        rows = await self._read(organization_id, statements.USER_WITH_EMAIL, email=email)
        return user_of(rows[0]) if rows else None

    async def list_users(
        self, *, organization_id: UUID, skip: int, limit: int, after: str
    ) -> tuple[Sequence[User], int]:
        """People by e-mail, those that follow the e-mail `after`, and how many there are in all."""
        values = {"organization": organization_id, "skip": skip, "limit": limit, "after": after}
        steps = [(statements.LIST_USERS, values), (statements.COUNT_USERS, values)]
        rows, ((total,),) = await self._database.batch([organization_id], steps, durable=False)
        return [user_of(row) for row in rows], total

    async def add_user(
        self, *, organization_id: UUID, user: User, organization_name: str = "", entries: Sequence[AuditEntry]
    ) -> None:
        """Store a new person. Raises AlreadyExists."""
        steps = [
            *self._turn(organization_id),
            *naming(organization_id, organization_name),
            *adding(organization_id, user),
            *self._audit.steps(entries),
        ]
        try:
            await self._database.batch([organization_id], steps)
        except UniqueViolation:
            raise user_exists() from None

    async def change_user(self, *, organization_id: UUID, user_id: UUID, decide: DecideUser) -> User:
        """Change a person as decided; gives the form that is stored afterwards. Raises NotFound."""
        values = {"organization": organization_id, "user": user_id, "role": KEEPER_ROLE}
        reading = [(statements.USER, values), (statements.COUNT_KEEPERS, values)]
        async with self._database.journey([organization_id]) as journey:
            *_, found, ((keepers,),) = await journey.run([*self._turn(organization_id), *reading])
            if not found:
                raise user_not_found()
            user = user_of(found[0])
            change = decide(user, keepers)
            steps = _writing(organization_id, user, change)
            if steps:
                await journey.commit([*steps, *self._audit.steps(change.entries)])
        return change.user or user


def naming(organization_id: UUID, name: str) -> list[Step]:
    """Steps that note an organization's name, for those who log in with it; none without a name."""
    return [(statements.NAME_ORGANIZATION, {"organization": organization_id, "name": name})] if name else []


def adding(organization_id: UUID, user: User) -> list[Step]:
    """Steps that store a new person."""
    listed = {"organization": organization_id, "hash": email_hash(user.email)}
    return [(statements.ADD_USER, values_of_user(organization_id, user)), (statements.LIST_EMAIL, listed)]


def _writing(organization_id: UUID, user: User, change: UserChange) -> list[Step]:
    steps: list[Step] = []
    if change.user is not None:
        steps.append((statements.PUT_USER, values_of_user(organization_id, change.user)))
    if change.ends_sessions:
        steps.append((statements.END_SESSIONS, {"organization": organization_id, "user": user.user_id}))
    if change.new_family is not None:
        values = values_of_link(organization_id, change.new_family)
        steps += [(statements.DROP_OLD_LINKS, values), (statements.ADD_LINK, values)]
    return steps
