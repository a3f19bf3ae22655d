"""Who is gone is counted no longer: conversations and contacts leave the rollups with their rows."""

from __future__ import annotations

from services.analytics.domain.counting import ACTIVE_MESSAGES, EVERY_FLOW, POWER_MESSAGES
from services.chassis.db import Query

# The rows are there: they were made when what leaves them came.
_LEAVE_AUDIENCE = """
    UPDATE analytics.audience_day a SET last_contacts = a.last_contacts - g.people
    FROM (SELECT organization_id, flow_id, last_day, count(*) AS people FROM contacts GROUP BY 1, 2, 3) g
    WHERE (a.organization_id, a.flow_id, a.day) = (g.organization_id, g.flow_id, g.last_day)"""
_LEAVE_SEGMENTS = f"""
    UPDATE analytics.segment_count s SET contacts = s.contacts - g.people,
      active_contacts = s.active_contacts - g.active, power_contacts = s.power_contacts - g.power
    FROM (
      SELECT organization_id, flow_id, count(*) AS people,
        count(*) FILTER (WHERE messages >= {ACTIVE_MESSAGES}) AS active,
        count(*) FILTER (WHERE messages >= {POWER_MESSAGES}) AS power
      FROM contacts WHERE flow_id <> '{EVERY_FLOW}' GROUP BY 1, 2) g
    WHERE (s.organization_id, s.flow_id) = (g.organization_id, g.flow_id)"""

_THEIRS = "organization_id = %(organization)b::uuid AND conversation_id = ANY (%(conversations)b::uuid[])"

FORGET_COUNTS = Query(
    f"""
    WITH states AS (
      DELETE FROM analytics.conversation_count WHERE {_THEIRS}
      RETURNING organization_id, flow_id, started_day, flow_version, is_finished, duration_us, so_far_us),
    conversations AS (
      UPDATE analytics.conversation_day d SET conversations = d.conversations - g.conversations,
        completed = d.completed - g.completed, finished = d.finished - g.finished,
        duration_us = d.duration_us - g.duration_us, so_far_us = d.so_far_us - g.so_far_us
      FROM (
        SELECT organization_id, flow_id, started_day, flow_version, count(*) AS conversations,
          count(duration_us) AS completed, count(duration_us) FILTER (WHERE is_finished) AS finished,
          coalesce(sum(duration_us), 0) AS duration_us, coalesce(sum(so_far_us), 0) AS so_far_us
        FROM states WHERE started_day IS NOT NULL GROUP BY 1, 2, 3, 4) g
      WHERE (d.organization_id, d.flow_id, d.day, d.flow_version)
        = (g.organization_id, g.flow_id, g.started_day, g.flow_version)),
    contacts AS (
      DELETE FROM analytics.flow_contact WHERE {_THEIRS}
      RETURNING organization_id, flow_id, contact, messages, last_day),
    days AS (
      DELETE FROM analytics.contact_day d USING contacts c
      WHERE (d.organization_id, d.flow_id, d.contact) = (c.organization_id, c.flow_id, c.contact)
      RETURNING d.organization_id, d.flow_id, d.day),
    active AS (SELECT organization_id, flow_id, day, count(*) AS people FROM days GROUP BY 1, 2, 3),
    last AS (SELECT organization_id, flow_id, last_day AS day, count(*) AS people FROM contacts GROUP BY 1, 2, 3),
    audiences AS (
      UPDATE analytics.audience_day a SET active_contacts = a.active_contacts - g.active,
        last_contacts = a.last_contacts - g.last
      FROM (
        SELECT organization_id, flow_id, day, sum(active) AS active, sum(last) AS last
        FROM (SELECT organization_id, flow_id, day, people AS active, 0 AS last FROM active
          UNION ALL SELECT organization_id, flow_id, day, 0, people FROM last) both_of_them
        GROUP BY 1, 2, 3) g
      WHERE (a.organization_id, a.flow_id, a.day) = (g.organization_id, g.flow_id, g.day)),
    segments AS ({_LEAVE_SEGMENTS})
    SELECT (SELECT count(*) FROM states), (SELECT count(*) FROM contacts),
      (SELECT count(*) FROM days)"""
)

# What was counted by day stays; of a contact whose last day is long ago nothing is kept that tells who it was.
EXPIRE_CONTACTS = Query(
    f"""
    WITH old AS MATERIALIZED (
      SELECT organization_id, flow_id, contact FROM analytics.flow_contact
      WHERE organization_id = %(organization)b::uuid
        AND last_day < (%(before)b::timestamptz AT TIME ZONE 'UTC')::date - 1
      ORDER BY flow_id, contact LIMIT %(limit)b::bigint),
    contacts AS (
      DELETE FROM analytics.flow_contact c USING old o
      WHERE (c.organization_id, c.flow_id, c.contact) = (o.organization_id, o.flow_id, o.contact)
      RETURNING c.organization_id, c.flow_id, c.messages, c.last_day),
    audiences AS ({_LEAVE_AUDIENCE}),
    segments AS ({_LEAVE_SEGMENTS})
    SELECT count(*) FROM contacts"""
)
EXPIRE_DAYS = Query(
    """
    WITH old AS MATERIALIZED (
      SELECT organization_id, flow_id, day, contact FROM analytics.contact_day
      WHERE organization_id = %(organization)b::uuid AND day < (%(before)b::timestamptz AT TIME ZONE 'UTC')::date - 1
      ORDER BY flow_id, day, contact LIMIT %(limit)b::bigint),
    gone AS (
      DELETE FROM analytics.contact_day c USING old o
      WHERE (c.organization_id, c.flow_id, c.day, c.contact) = (o.organization_id, o.flow_id, o.day, o.contact)
      RETURNING 1)
    SELECT count(*) FROM gone"""
)
