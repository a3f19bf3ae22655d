"""Other phone numbers of the same people: what was written to, and what Meta uses (wa_id)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.chassis.db import Database, Query, Step

Alias = tuple[UUID, str, str]
"""An organization, the phone number that was written to, and the one that Meta has for the same person."""

# Both ways round, so that one look-up finds the other name whichever is known.
_NOTE = Query("""
    INSERT INTO sender.alias (organization_id, recipient, other, is_metas)
    SELECT v.o, v.recipient, v.other, v.is_metas
    FROM unnest(%(groups)b::uuid[], %(recipients)b::text[], %(wa_ids)b::text[]) t(o, r, w)
    CROSS JOIN LATERAL (VALUES (t.o, t.r, t.w, true), (t.o, t.w, t.r, false)) v(o, recipient, other, is_metas)
    ORDER BY 1, 2, 3
    ON CONFLICT (organization_id, recipient, other) DO NOTHING""")
_READ = Query("""
    SELECT recipient, min(other) FROM sender.alias
    WHERE organization_id = %(organization)b::uuid AND recipient = ANY (%(recipients)b::text[]) AND is_metas
    GROUP BY recipient""")


def noting(aliases: Collection[Alias]) -> list[Step]:
    """The step that notes them; none for none."""
    if not aliases:
        return []
    ordered = sorted(aliases)
    values = {
        "groups": [alias[0] for alias in ordered],
        "recipients": [alias[1] for alias in ordered],
        "wa_ids": [alias[2] for alias in ordered],
    }
    return [(_NOTE, values)]


class PostgresAliases:
    """See ports.teams.AliasBook."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def wa_ids(self, *, organization_id: UUID, phone_numbers: Sequence[str]) -> Mapping[str, str]:
        """See AliasBook."""
        step = (_READ, {"organization": organization_id, "recipients": sorted(set(phone_numbers))})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return {row[0]: row[1] for row in rows}
