"""Campaigns and recipients as rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

import orjson

from services.chassis.db import Query, Step
from services.sender.domain.campaigns import Campaign, Place, Plan, Recipient

COLUMNS = """organization_id, campaign_id, name, phone_number_id, content, audience, tags, attributes,
    messages_per_hour, max_tries, respects_opt_out, skips_active, time_zone, state, note, starts_at, audience_cursor,
    is_audience_whole, recipients, done_n, swept_n, is_pass_clean, paced_until, revision, created_at, ended_at"""
PLACE_COLUMNS = "n, recipient, is_user_id, parameters, state, reason, tries, message_id"
MINE = "organization_id = %(organization)b::uuid AND campaign_id = %(campaign)b::uuid"

LOCK = Query(f"SELECT {COLUMNS} FROM sender.campaign WHERE {MINE} FOR UPDATE")

_ADD = Query("""
    INSERT INTO sender.campaign_recipient (organization_id, campaign_id, n, recipient, recipient_key, is_user_id,
                                           parameters)
    SELECT %(organization)b::uuid, %(campaign)b::uuid, %(last)b::bigint + row_number() OVER (ORDER BY ord), r, k, u,
           p::jsonb
    FROM unnest(%(recipients)b::text[], %(keys)b::uuid[], %(kinds)b::bool[], %(parameters)b::text[])
         WITH ORDINALITY t(r, k, u, p, ord)
    LEFT JOIN LATERAL (
      SELECT true AS is_known FROM sender.campaign_recipient
      WHERE (organization_id, recipient_key) = (%(organization)b::uuid, t.k) OFFSET 0) x ON true
    WHERE x.is_known IS NULL
    RETURNING n""")


def adding(campaign: Campaign, recipients: list[Recipient]) -> Step:
    """The step that adds those who are new, behind the last; the campaign is locked. Its rows are theirs."""
    chosen = list({each.recipient: each for each in recipients}.values())
    values = {
        "organization": campaign.organization_id, "campaign": campaign.campaign_id, "last": campaign.recipients,
        "recipients": [each.recipient for each in chosen],
        "keys": [uuid5(campaign.campaign_id, each.recipient) for each in chosen],
        "kinds": [each.is_user_id for each in chosen],
        "parameters": [orjson.dumps(dict(each.parameters)).decode() for each in chosen],
    }  # fmt: skip
    return _ADD, values


def values_of(organization_id: UUID, campaign_id: UUID) -> dict[str, object]:
    """What names a campaign in every statement."""
    return {"organization": organization_id, "campaign": campaign_id}


def campaign_of(row: tuple[Any, ...]) -> Campaign:
    """A campaign from COLUMNS."""
    plan = Plan(
        name=row[2], phone_number_id=row[3], content=bytes(row[4]), audience=row[5], tags=tuple(row[6]),
        attributes=row[7], messages_per_hour=row[8], max_tries=row[9], respects_opt_out=row[10], skips_active=row[11],
        time_zone=row[12],
    )  # fmt: skip
    return Campaign(
        organization_id=row[0], campaign_id=row[1], plan=plan, state=row[13], note=row[14], starts_at=row[15],
        audience_cursor=row[16], is_audience_whole=row[17], recipients=row[18], done_n=row[19], swept_n=row[20],
        is_pass_clean=row[21], paced_until=row[22], revision=row[23], created_at=row[24], ended_at=row[25],
    )  # fmt: skip


def place_of(row: tuple[Any, ...]) -> Place:
    """A recipient from PLACE_COLUMNS."""
    recipient = Recipient(recipient=row[1], is_user_id=row[2], parameters=row[3])
    return Place(n=row[0], recipient=recipient, state=row[4], reason=row[5], tries=row[6], message_id=row[7])
