"""Campaigns as they are worked off: a turn is taken like a lane, and what is stale by its end changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import psycopg

from services.chassis.db import Database, Query, Rows, Step, is_fenced
from services.chassis.queue import Lanes
from services.sender.domain.campaigns import Campaign, Outcome, Place, State
from services.sender.ports.campaigns import Decided
from services.sender.store.arrivals import add_messages
from services.sender.store.campaigns.rows import COLUMNS, MINE, PLACE_COLUMNS, campaign_of, place_of, values_of

# A turn ends long before: its slowest part are two calls of router's, 3 s each. Later than that it is stale.
_TURN_SECONDS = 20.0
_SWEEP = 1000

_CLAIM = Query("""
    WITH c AS MATERIALIZED (
      SELECT organization_id, campaign_id FROM sender.campaign_turn WHERE due_at <= now()
      ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE sender.campaign_turn t SET due_at = now() + %(seconds)b::float8 * interval '1 s' FROM c
    WHERE (t.organization_id, t.campaign_id) = (c.organization_id, c.campaign_id)
    RETURNING t.organization_id, t.campaign_id""")
# The moment of a schedule is when the first turn comes.
_BEGIN = Query(f"""
    UPDATE sender.campaign SET state = 'running', revision = revision + 1,
      paced_until = greatest(paced_until, now())
    WHERE {MINE} AND state = 'scheduled' AND starts_at <= now()""")
_READ = Query(f"SELECT {COLUMNS}, now() FROM sender.campaign WHERE {MINE}")

_FRESH = f"{MINE} AND revision = %(revision)b::bigint AND state = 'running'"
# Every write of a turn begins with it: somebody who paused, or another turn, was faster.
_HOLD = Query(f"""
    WITH held AS (
      UPDATE sender.campaign SET revision = revision + 1, note = %(note)b::text, state = %(state)b::text,
        done_n = greatest(done_n, %(done)b::bigint), paced_until = %(paced)b::timestamptz,
        swept_n = %(swept)b::bigint, is_pass_clean = %(clean)b::bool,
        ended_at = CASE WHEN %(state)b::text IN ('completed', 'failed') THEN now() END
      WHERE {_FRESH} RETURNING 1)
    SELECT app.fence((SELECT count(*) FROM held), 1)""")
_REST = Query(f"""
    UPDATE sender.campaign_turn SET due_at = now() + %(seconds)b::float8 * interval '1 s' WHERE {MINE}""")
_END = Query(f"DELETE FROM sender.campaign_turn WHERE {MINE}")

_DUE_AGAIN = Query(f"""
    SELECT {PLACE_COLUMNS} FROM sender.campaign_recipient
    WHERE {MINE} AND state = 'retry' AND due_at <= now() ORDER BY due_at LIMIT %(limit)b::bigint""")
_DUE_FIRST = Query(f"""
    SELECT {PLACE_COLUMNS} FROM sender.campaign_recipient
    WHERE {MINE} AND n > %(done)b::bigint ORDER BY n LIMIT %(limit)b::bigint""")
_RETRIES = Query(f"""
    SELECT EXISTS (SELECT 1 FROM sender.campaign_recipient WHERE {MINE} AND state = 'retry')""")
# OFFSET 0 makes it one descent of the primary key for each place, as in statements.WRITE_MESSAGES.
_PLACE = f"""CROSS JOIN LATERAL (
      SELECT ctid FROM sender.campaign_recipient WHERE {MINE} AND n = t.n OFFSET 0) p"""
_DECIDE = Query(f"""
    UPDATE sender.campaign_recipient r SET
      state = CASE WHEN t.reason <> '' THEN 'skipped' ELSE 'enqueued' END, reason = t.reason, due_at = NULL,
      conversation_id = coalesce(t.lane, r.conversation_id), message_id = coalesce(t.message, r.message_id),
      tries = greatest(r.tries, t.tries)
    FROM unnest(%(places)b::bigint[], %(reasons)b::text[], %(lanes)b::uuid[], %(messages)b::uuid[], %(tries)b::int[])
         t(n, reason, lane, message, tries)
    {_PLACE} WHERE r.ctid = p.ctid""")
_COUNT_USERS = Query("""
    INSERT INTO sender.campaign_hour AS h (organization_id, phone_number_id, hour, users)
    VALUES (%(organization)b::uuid, %(number)b::text, date_trunc('hour', now(), 'UTC'), %(users)b::bigint)
    ON CONFLICT (organization_id, phone_number_id, hour) DO UPDATE SET users = h.users + excluded.users""")
_FORGET_HOURS = Query("""
    DELETE FROM sender.campaign_hour
    WHERE organization_id = %(organization)b::uuid AND phone_number_id = %(number)b::text
      AND hour < now() - interval '2 days'""")
_USERS = Query("""
    SELECT coalesce(sum(users), 0)::bigint FROM sender.campaign_hour
    WHERE organization_id = %(organization)b::uuid AND phone_number_id = %(number)b::text
      AND hour > now() - interval '25 hours'""")

_OUTCOMES = Query(f"""
    SELECT r.n, r.tries, coalesce(m.state, 'failed'), coalesce(m.status, 'none'), coalesce(m.error_code, 0),
           coalesce(extract(epoch FROM now() - m.accepted_at), 0)::float8
    FROM (
      SELECT n, tries, message_id, state FROM sender.campaign_recipient
      WHERE {MINE} AND n > %(swept)b::bigint ORDER BY n LIMIT {_SWEEP}) r
    LEFT JOIN LATERAL (
      SELECT state, status, error_code, accepted_at FROM sender.message
      WHERE organization_id = %(organization)b::uuid AND message_id = r.message_id LIMIT 1) m ON true
    WHERE r.n <= %(done)b::bigint ORDER BY r.n""")
_TRY_AGAIN = Query(f"""
    UPDATE sender.campaign_recipient r SET state = 'retry', due_at = now() + t.seconds * interval '1 s'
    FROM unnest(%(places)b::bigint[], %(waits)b::float8[]) t(n, seconds)
    {_PLACE} WHERE r.ctid = p.ctid AND r.state = 'enqueued'""")


class PostgresCampaignTurns:
    """See ports.campaigns.CampaignTurns."""

    def __init__(self, database: Database, inbox: Lanes) -> None:
        self._database = database
        self._inbox = inbox

    async def claim(self) -> tuple[Campaign, datetime] | None:
        """See CampaignTurns."""
        # No organization is named yet: turns are ids and moments.
        (claimed,) = await self._database.batch((), [(_CLAIM, {"seconds": _TURN_SECONDS})], durable=False)
        if not claimed:
            return None
        organization_id, campaign_id = claimed[0]
        values = values_of(organization_id, campaign_id)
        _, rows = await self._database.batch([organization_id], [(_BEGIN, values), (_READ, values)])
        return (campaign_of(rows[0][:-1]), rows[0][-1]) if rows else None

    async def rest(self, campaign: Campaign, *, seconds: float, note: str = "") -> None:
        """See CampaignTurns."""
        holding = [_holding(campaign, note=note)] if note != campaign.note else []
        await self._write(campaign, [*holding, (_REST, _values(campaign, seconds=seconds))])

    async def stop(self, campaign: Campaign, *, state: State, note: str) -> None:
        """See CampaignTurns."""
        await self._write(campaign, [_holding(campaign, state=state, note=note), (_END, _values(campaign))])

    async def due(self, campaign: Campaign, *, limit: int) -> list[Place]:
        """See CampaignTurns."""
        values = _values(campaign, limit=limit, done=campaign.done_n)
        again, first = await self._database.batch(
            [campaign.organization_id], [(_DUE_AGAIN, values), (_DUE_FIRST, values)], durable=False
        )
        return [place_of(row) for row in (*again, *first)][:limit]

    async def users_of_a_day(self, campaign: Campaign) -> int:
        """See CampaignTurns."""
        ((users,),) = await self._read(campaign, (_USERS, _values(campaign, number=campaign.plan.phone_number_id)))
        return int(users)

    async def hand_on(self, campaign: Campaign, decided: Sequence[Decided], *, paced_until: datetime) -> bool:
        """See CampaignTurns."""
        messages = [each.message for each in decided if each.message is not None]
        done = max((each.n for each in decided), default=0)
        users = sum(each.tries == 1 for each in decided if each.message is not None)
        values = _values(campaign, number=campaign.plan.phone_number_id, users=users, seconds=0.0)
        try:
            async with self._database.journey([campaign.organization_id]) as journey:
                await journey.run([
                    _holding(campaign, done=done, paced_until=paced_until),
                    (_DECIDE, {**values, **_columns(decided)}),
                    (_COUNT_USERS, values),
                    (_FORGET_HOURS, values),
                    (_REST, values),
                ])  # fmt: skip
                if messages:
                    await add_messages(journey, messages, inbox=self._inbox)
                else:
                    await journey.commit()
        except psycopg.DatabaseError as error:
            if is_fenced(error):
                return False
            raise
        return True

    async def sweep(self, campaign: Campaign) -> list[Outcome]:
        """See CampaignTurns."""
        rows = await self._read(campaign, (_OUTCOMES, _values(campaign, swept=campaign.swept_n, done=campaign.done_n)))
        return [
            Outcome(n=row[0], tries=row[1], state=row[2], status=row[3], error_code=row[4], accepted_age=row[5])
            for row in rows
        ]

    async def swept(
        self, campaign: Campaign, *, swept_n: int, is_clean: bool, retries: Mapping[int, float], seconds: float
    ) -> None:
        """See CampaignTurns."""
        values = _values(campaign, places=list(retries), waits=list(retries.values()), seconds=seconds)
        held = _holding(campaign, swept=swept_n, is_clean=is_clean, note=campaign.note)
        await self._write(campaign, [held, *([(_TRY_AGAIN, values)] if retries else []), (_REST, values)])

    async def has_retries(self, campaign: Campaign) -> bool:
        """See CampaignTurns."""
        ((found,),) = await self._read(campaign, (_RETRIES, _values(campaign)))
        return bool(found)

    async def _read(self, campaign: Campaign, step: Step) -> Rows:
        (rows,) = await self._database.batch([campaign.organization_id], [step], durable=False)
        return rows

    async def _write(self, campaign: Campaign, steps: Sequence[Step]) -> None:
        try:
            await self._database.batch([campaign.organization_id], steps)
        except psycopg.DatabaseError as error:
            if not is_fenced(error):
                raise


def _values(campaign: Campaign, **others: object) -> dict[str, object]:
    return {**values_of(campaign.organization_id, campaign.campaign_id), **others}


def _holding(
    campaign: Campaign,
    *,
    state: State = "running",
    note: str = "",
    done: int = 0,
    paced_until: datetime | None = None,
    swept: int | None = None,
    is_clean: bool | None = None,
) -> Step:
    """The step that writes the campaign if it is still as it was read; what is not given stays."""
    values = _values(
        campaign, revision=campaign.revision, state=state, note=note, done=done,
        paced=paced_until or campaign.paced_until, swept=campaign.swept_n if swept is None else swept,
        clean=campaign.is_pass_clean if is_clean is None else is_clean,
    )  # fmt: skip
    return _HOLD, values


def _columns(decided: Sequence[Decided]) -> dict[str, list[int] | list[str] | list[UUID | None]]:
    return {
        "places": [each.n for each in decided],
        "reasons": [each.reason for each in decided],
        "lanes": [each.message.lane_id if each.message else None for each in decided],
        "messages": [each.message.message_id if each.message else None for each in decided],
        "tries": [each.tries for each in decided],
    }
