"""Who was reached outside the window within a day: a row for each, and their number, changed under its own lock."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.db import Database, Query
from services.sender.domain.reach import admitted

# Of those whose day is over so many are forgotten at a time; who is left counts a little longer, never too short.
_FORGET_AT_ONCE = 5000

_WHOSE = "organization_id = %(organization_id)s::uuid AND portfolio_id = %(portfolio_id)s::text"

# The row's lock keeps others out until the transaction ends.
_LOCK_COUNT = Query("""
    INSERT INTO sender.reached_count AS c (organization_id, portfolio_id, users)
    VALUES (%(organization_id)s::uuid, %(portfolio_id)s::text, 0)
    ON CONFLICT (organization_id, portfolio_id) DO UPDATE SET users = c.users
    RETURNING c.users""")
_FORGET = Query(f"""
    WITH gone AS (
      DELETE FROM sender.reached WHERE {_WHOSE} AND recipient IN (
        SELECT recipient FROM sender.reached WHERE {_WHOSE} AND reached_at < now() - interval '1 day'
        ORDER BY reached_at LIMIT %(most)s::bigint)
      RETURNING 1)
    SELECT count(*) FROM gone""")
_REACHED = Query(f"SELECT count(*) FROM sender.reached WHERE {_WHOSE} AND reached_at >= now() - interval '1 day'")
_KNOWN = Query(f"""
    SELECT recipient FROM sender.reached WHERE {_WHOSE} AND recipient = ANY (%(recipients)b::text[])""")
_NOTE = Query("""
    INSERT INTO sender.reached (organization_id, portfolio_id, recipient, reached_at)
    SELECT %(organization_id)s::uuid, %(portfolio_id)s::text, r, now() FROM unnest(%(recipients)b::text[]) r ORDER BY r
    ON CONFLICT (organization_id, portfolio_id, recipient) DO UPDATE SET reached_at = excluded.reached_at""")
_COUNT = Query(f"UPDATE sender.reached_count SET users = %(users)s::int WHERE {_WHOSE}")


class PostgresReach:
    """See ports.ReachStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reach(
        self, *, organization_id: UUID, portfolio_id: str, limit: int, recipients: Sequence[str]
    ) -> list[bool]:
        """See ports.ReachStore."""
        values: dict[str, object] = {
            "organization_id": organization_id,
            "portfolio_id": portfolio_id,
            "recipients": sorted(set(recipients)),
            "most": _FORGET_AT_ONCE,
        }
        async with self._database.journey([organization_id]) as journey:
            ((users,),), ((gone,),), known = await journey.run(
                [(_LOCK_COUNT, values), (_FORGET, values), (_KNOWN, values)]
            )
            reached = {row[0] for row in known}
            answers = admitted(recipients, reached, users=users - gone, limit=limit)
            chosen = {each for each, is_admitted in zip(recipients, answers, strict=True) if is_admitted}
            counted = users - gone + len(chosen - reached)
            await journey.commit(
                [
                    (_NOTE, values | {"recipients": sorted(chosen)}),
                    (_COUNT, values | {"users": counted}),
                ]
            )
        return answers

    async def reached(self, *, organization_id: UUID, portfolio_id: str) -> int:
        """See ports.ReachStore."""
        values = {"organization_id": organization_id, "portfolio_id": portfolio_id}
        (((users,),),) = await self._database.batch([organization_id], [(_REACHED, values)], durable=False)
        return int(users)
