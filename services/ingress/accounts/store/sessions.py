"""Refresh tokens in Postgres."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from services.chassis.audit import AuditEntry
from services.chassis.db import Step
from services.ingress.accounts.ports import DecideRefresh, RefreshChange
from services.ingress.accounts.store import statements
from services.ingress.accounts.store.rows import link_of, user_of, values_of_link
from services.ingress.accounts.store.tables import Tables
from services.ingress.domain.accounts.facts import RefreshToken, User

_LINK_WIDTH = statements.LINK_COLUMNS.count(",") + 1


class SessionTables(Tables):
    """ports.SessionStore."""

    async def use_refresh(
        self, *, organization_id: UUID, token_hash: bytes, decide: DecideRefresh
    ) -> tuple[RefreshChange, User] | None:
        """Use a refresh token as decided; None when nobody has it."""
        asked = (statements.LINK, {"organization": organization_id, "hash": token_hash})
        async with self._database.journey([organization_id]) as journey:
            *_, found = await journey.run([*self._turn(organization_id), asked])
            if not found:
                return None
            link, user = link_of(found[0][:_LINK_WIDTH]), user_of(found[0][_LINK_WIDTH:])
            change = decide(link, user)
            steps = _writing(organization_id, link, change)
            if steps:
                await journey.commit([*steps, *self._audit.steps(change.entries)])
        return change, user

    async def end_family(
        self, *, organization_id: UUID, token_hash: bytes, note: Callable[[RefreshToken], AuditEntry]
    ) -> None:
        """Revoke the family a token is of; nothing happens when nobody has it, or it has ended."""
        asked = (statements.LINK, {"organization": organization_id, "hash": token_hash})
        async with self._database.journey([organization_id]) as journey:
            *_, found = await journey.run([*self._turn(organization_id), asked])
            link = link_of(found[0][:_LINK_WIDTH]) if found else None
            if link is not None and link.revoked_at is None:
                await journey.commit([_ending(organization_id, link), *self._audit.steps([note(link)])])


def _writing(organization_id: UUID, link: RefreshToken, change: RefreshChange) -> list[Step]:
    if change.ends_family:
        return [_ending(organization_id, link)]
    if change.next_link is None:
        return []
    used = {"organization": organization_id, "hash": link.token_hash, "at": change.next_link.issued_at}
    return [
        (statements.USE_LINK, used),
        (statements.ADD_LINK, values_of_link(organization_id, change.next_link)),
    ]


def _ending(organization_id: UUID, link: RefreshToken) -> Step:
    return statements.END_FAMILY, {"organization": organization_id, "family": link.family_id}
