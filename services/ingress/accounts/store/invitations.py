"""Invitations in Postgres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from psycopg.errors import UniqueViolation

from services.chassis.audit import AuditEntry
from services.ingress.accounts.refusals import invitation_not_found, user_exists
from services.ingress.accounts.store import statements
from services.ingress.accounts.store.rows import invitation_of, values_of_invitation
from services.ingress.accounts.store.tables import Tables
from services.ingress.accounts.store.users import adding, naming
from services.ingress.domain.accounts.facts import Invitation, User


class InvitationTables(Tables):
    """ports.InvitationStore."""

    async def invitation(self, *, organization_id: UUID, token_hash: bytes) -> Invitation | None:
        """The invitation with this token."""
        rows = await self._read(organization_id, statements.INVITATION_WITH_TOKEN, hash=token_hash)
        return invitation_of(rows[0]) if rows else None

    async def list_invitations(self, *, organization_id: UUID) -> Sequence[Invitation]:
        """Those that nobody has accepted or revoked, newest first."""
        return [invitation_of(row) for row in await self._read(organization_id, statements.LIST_INVITATIONS)]

    async def add_invitation(
        self,
        *,
        organization_id: UUID,
        invitation: Invitation,
        organization_name: str = "",
        entries: Sequence[AuditEntry],
    ) -> None:
        """Store an invitation; an older open one of the same e-mail is revoked. Raises AlreadyExists for a member."""
        values = values_of_invitation(organization_id, invitation)
        async with self._database.journey([organization_id]) as journey:
            *_, member = await journey.run([*self._turn(organization_id), (statements.USER_WITH_EMAIL, values)])
            if member:
                raise user_exists()
            await journey.commit(
                [
                    *naming(organization_id, organization_name),
                    (statements.REVOKE_INVITATIONS_OF_EMAIL, values),
                    (statements.ADD_INVITATION, values),
                    *self._audit.steps(entries),
                ]
            )

    async def revoke_invitation(
        self, *, organization_id: UUID, invitation_id: UUID, decide: Callable[[Invitation], Sequence[AuditEntry]]
    ) -> None:
        """Revoke an open invitation. Raises NotFound."""
        values = {"organization": organization_id, "invitation": invitation_id}
        async with self._database.journey([organization_id]) as journey:
            *_, found = await journey.run([*self._turn(organization_id), (statements.INVITATION, values)])
            invitation = invitation_of(found[0]) if found else None
            if invitation is None or invitation.accepted_at or invitation.revoked_at:
                raise invitation_not_found()
            entries = decide(invitation)
            await journey.commit([(statements.REVOKE_INVITATION, values), *self._audit.steps(entries)])

    async def accept_invitation(
        self,
        *,
        organization_id: UUID,
        token_hash: bytes,
        decide: Callable[[Invitation], tuple[User, Sequence[AuditEntry]]],
    ) -> User:
        """Make the invited person a member. Raises NotFound, or AlreadyExists when the e-mail is a member's by now."""
        asked = (statements.INVITATION_WITH_TOKEN, {"organization": organization_id, "hash": token_hash})
        try:
            async with self._database.journey([organization_id]) as journey:
                *_, found = await journey.run([*self._turn(organization_id), asked])
                if not found:
                    raise invitation_not_found()
                invitation = invitation_of(found[0])
                user, entries = decide(invitation)
                accepted = (statements.ACCEPT_INVITATION, values_of_invitation(organization_id, invitation))
                await journey.commit([accepted, *adding(organization_id, user), *self._audit.steps(entries)])
        except UniqueViolation:
            raise user_exists() from None
        return user
