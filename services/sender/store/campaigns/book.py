"""Campaigns as people see and steer them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Rows, Step
from services.chassis.errors import NotFound
from services.pb.common.v1 import errors_pb2
from services.sender.domain.campaigns import (
    LISTED,
    MOVES,
    OPT_OUT_CODES,
    OPTED_OUT,
    Campaign,
    Figures,
    Place,
    Plan,
    Recipient,
    State,
    Verb,
)
from services.sender.domain.settling import LEFT_IN_DOUBT
from services.sender.store.campaigns.rows import (
    COLUMNS,
    LOCK,
    MINE,
    PLACE_COLUMNS,
    adding,
    campaign_of,
    place_of,
    values_of,
)

_CREATE = Query(f"""
    INSERT INTO sender.campaign (organization_id, campaign_id, name, phone_number_id, content, audience, tags,
                                 attributes, messages_per_hour, max_tries, respects_opt_out, skips_active, time_zone,
                                 is_audience_whole)
    VALUES (%(organization)b::uuid, %(campaign)b::uuid, %(name)b::text, %(number)b::text, %(content)b::bytea,
            %(audience)b::text, %(tags)b::text[], %(attributes)b::text::jsonb, %(per_hour)b::int, %(tries)b::int,
            %(respects)b::bool, %(skips)b::bool, %(zone)b::text, %(is_whole)b::bool)
    ON CONFLICT (organization_id, campaign_id) DO NOTHING
    RETURNING {COLUMNS}""")
_ONE = Query(f"SELECT {COLUMNS} FROM sender.campaign WHERE {MINE}")
_GROW = Query(f"""
    UPDATE sender.campaign SET recipients = recipients + %(added)b::bigint, audience_cursor = %(cursor)b::text,
      is_audience_whole = %(is_whole)b::bool, revision = revision + 1, paced_until = greatest(paced_until, now())
    WHERE {MINE}""")
_MOVE = Query(f"""
    UPDATE sender.campaign SET state = %(state)b::text, note = '', revision = revision + 1,
      starts_at = coalesce(%(starts_at)b::timestamptz, starts_at),
      paced_until = greatest(paced_until, now()),
      ended_at = CASE WHEN %(state)b::text = 'cancelled' THEN now() END
    WHERE {MINE} RETURNING {COLUMNS}""")
_TAKE_TURNS = Query("""
    INSERT INTO sender.campaign_turn (organization_id, campaign_id, due_at)
    VALUES (%(organization)b::uuid, %(campaign)b::uuid, coalesce(%(starts_at)b::timestamptz, now()))
    ON CONFLICT (organization_id, campaign_id) DO UPDATE SET due_at = excluded.due_at""")
_END_TURNS = Query(f"DELETE FROM sender.campaign_turn WHERE {MINE}")
_ALL = Query(f"""
    SELECT {COLUMNS} FROM sender.campaign
    WHERE organization_id = %(organization)b::uuid AND (%(state)b::text = '' OR state = %(state)b::text)
      AND (%(at)b::timestamptz IS NULL OR created_at < %(at)b::timestamptz
           OR (created_at = %(at)b::timestamptz AND campaign_id > %(id)b::uuid))
    ORDER BY created_at DESC, campaign_id LIMIT %(limit)b::bigint""")
_PLACES = Query(f"""
    SELECT {PLACE_COLUMNS} FROM sender.campaign_recipient
    WHERE {MINE} AND n > %(after)b::bigint ORDER BY n LIMIT %(limit)b::bigint""")

# Counted from the messages themselves, in one snapshot: statuses may come in any order and any number of times.
_COUNT = Query(f"""
    SELECT r.state, r.reason, m.state, m.status, m.error_code, starts_with(m.error_text, %(doubt)b::text),
           coalesce(o.is_out, false), count(*), sum(greatest(r.tries - 1, 0))::bigint
    FROM sender.campaign_recipient r
    LEFT JOIN LATERAL (
      SELECT state, status, error_code, error_text, attempted_at FROM sender.message
      WHERE organization_id = %(organization)b::uuid AND message_id = r.message_id LIMIT 1) m ON true
    LEFT JOIN LATERAL (
      SELECT is_out FROM sender.opt_out
      WHERE organization_id = %(organization)b::uuid AND recipient = r.recipient AND is_out
        AND said_at >= date_trunc('second', m.attempted_at) LIMIT 1) o ON true
    WHERE r.{MINE.replace(" AND ", " AND r.")}
    GROUP BY 1, 2, 3, 4, 5, 6, 7""")
# Meta tells moments in whole seconds, so that a message's own begins with its second.
_AWAITED = Query(f"""
    SELECT r.conversation_id, extract(epoch FROM date_trunc('second', m.attempted_at))::bigint
    FROM (
      SELECT conversation_id, message_id FROM sender.campaign_recipient
      WHERE {MINE} AND n > %(after)b::bigint ORDER BY n LIMIT %(limit)b::bigint) r
    CROSS JOIN LATERAL (
      SELECT attempted_at FROM sender.message
      WHERE organization_id = %(organization)b::uuid AND message_id = r.message_id AND state = 'accepted'
      LIMIT 1) m
    WHERE r.conversation_id IS NOT NULL""")


class PostgresCampaigns:
    """See ports.campaigns.CampaignStore."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def create(self, *, organization_id: UUID, campaign_id: UUID, plan: Plan) -> tuple[Campaign, bool]:
        """See CampaignStore."""
        values = values_of(organization_id, campaign_id)
        making = {
            **values, "name": plan.name, "number": plan.phone_number_id, "content": plan.content,
            "audience": plan.audience, "tags": list(plan.tags),
            "attributes": orjson.dumps(dict(plan.attributes)).decode(), "per_hour": plan.messages_per_hour,
            "tries": plan.max_tries, "respects": plan.respects_opt_out, "skips": plan.skips_active,
            "zone": plan.time_zone, "is_whole": plan.audience in LISTED,
        }  # fmt: skip
        async with self._database.journey([organization_id]) as journey:
            *_, made, found = await journey.run([
                *self._audit.locking([organization_id]), (_CREATE, making), (_ONE, values)
            ])  # fmt: skip
            if made:
                after = {"name": plan.name, "phone_number_id": plan.phone_number_id, "audience": plan.audience}
                await journey.commit(self._noting(organization_id, campaign_id, "create", None, digest_of(after)))
        return campaign_of(found[0]), bool(made)

    async def add(
        self, *, organization_id: UUID, campaign_id: UUID, recipients: Sequence[Recipient], cursor: str | None = None
    ) -> int | None:
        """See CampaignStore."""
        values = values_of(organization_id, campaign_id)
        allowed = {"draft", "scheduled"} if cursor is None else {"running"}
        async with self._database.journey([organization_id]) as journey:
            (rows,) = await journey.run([(LOCK, values)])
            campaign = _found(rows)
            if campaign.state not in allowed or (cursor is not None and campaign.is_audience_whole):
                return None
            (added,) = await journey.run([adding(campaign, list(recipients))])
            grown = {
                **values, "added": len(added), "cursor": cursor or "",
                "is_whole": campaign.is_audience_whole if cursor is None else not cursor,
            }  # fmt: skip
            await journey.commit([(_GROW, grown)])
        return len(added)

    async def move(
        self, *, organization_id: UUID, campaign_id: UUID, verb: Verb, starts_at: datetime | None = None
    ) -> tuple[Campaign, bool] | None:
        """See CampaignStore."""
        values = values_of(organization_id, campaign_id)
        before, after = MOVES[verb]
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (LOCK, values)])
            campaign = _found(rows)
            if campaign.state == after and verb != "schedule":
                return campaign, False
            if campaign.state not in before:
                return None
            moving = {**values, "state": after, "starts_at": starts_at}
            turning = (_TAKE_TURNS, moving) if after in ("running", "scheduled") else (_END_TURNS, values)
            entry = self._noting(
                organization_id, campaign_id, verb, digest_of({"state": campaign.state}), digest_of({"state": after})
            )
            moved, *_ = await journey.commit([(_MOVE, moving), turning, *entry])
        return campaign_of(moved[0]), True

    async def one(self, *, organization_id: UUID, campaign_id: UUID) -> Campaign:
        """See CampaignStore."""
        return _found(await self._read(organization_id, (_ONE, values_of(organization_id, campaign_id))))

    async def figures(self, *, organization_id: UUID, campaign_id: UUID) -> Figures:
        """See CampaignStore."""
        values = {**values_of(organization_id, campaign_id), "doubt": LEFT_IN_DOUBT}
        return _figures(await self._read(organization_id, (_COUNT, values)))

    async def awaited(self, *, organization_id: UUID, campaign_id: UUID, after: int, limit: int) -> Mapping[UUID, int]:
        """See CampaignStore."""
        values = {**values_of(organization_id, campaign_id), "after": after, "limit": limit}
        return dict(await self._read(organization_id, (_AWAITED, values)))

    async def all(
        self, *, organization_id: UUID, state: State | None, limit: int, before: tuple[datetime, UUID] | None
    ) -> list[Campaign]:
        """See CampaignStore."""
        at, campaign_id = before or (None, None)
        values = {
            "organization": organization_id, "state": state or "", "limit": limit, "at": at, "id": campaign_id
        }  # fmt: skip
        return [campaign_of(row) for row in await self._read(organization_id, (_ALL, values))]

    async def places(self, *, organization_id: UUID, campaign_id: UUID, after: int, limit: int) -> list[Place]:
        """See CampaignStore."""
        values = {**values_of(organization_id, campaign_id), "after": after, "limit": limit}
        return [place_of(row) for row in await self._read(organization_id, (_PLACES, values))]

    async def _read(self, organization_id: UUID, step: Step) -> Rows:
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return rows

    def _noting(
        self, organization_id: UUID, campaign_id: UUID, verb: str, before: bytes | None, after: bytes
    ) -> list[Step]:
        entry = AuditEntry(organization_id, f"campaign.{verb}", f"campaign:{campaign_id}", before=before, after=after)
        return self._audit.steps([entry])


def _found(rows: Rows) -> Campaign:
    if not rows:
        raise NotFound("no campaign has this id", reason=errors_pb2.ERROR_REASON_CAMPAIGN_NOT_FOUND)
    return campaign_of(rows[0])


def _figures(rows: Rows) -> Figures:
    counts: Counter[str] = Counter()
    for *told, count, retries in rows:
        counts.update(dict.fromkeys(("recipients", *_names(tuple(told))), count))
        counts["retries"] += retries
    return Figures(**counts)


def _names(row: tuple[Any, ...]) -> list[str]:
    """The figures that a recipient counts in, besides the recipients themselves."""
    place, reason, state, status, code, is_in_doubt, has_refused_since = row
    if place == "skipped":
        return ["skipped", "opt_outs"] if reason == OPTED_OUT else ["skipped"]
    if place in ("pending", "retry"):
        return ["pending"]
    opt_outs = ["opt_outs"] if has_refused_since or code in OPT_OUT_CODES else []
    if state == "failed":
        return ["failed", *opt_outs, *(["uncertain"] if is_in_doubt else [])]
    if state != "accepted":
        return ["queued", *opt_outs]
    reached = {"delivered": ["delivered"], "read": ["delivered", "read"], "played": ["delivered", "read"]}
    return ["sent", *reached.get(status, []), *opt_outs]
