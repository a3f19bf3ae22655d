"""What campaigns keep of people. A place outlives its person, so that counts stay true, with nothing of who it was."""

from __future__ import annotations

from services.chassis.db import Query

_EMPTIED = """recipient = 'erased:' || r.n, recipient_key = gen_random_uuid(), parameters = '{}',
        conversation_id = NULL,
        state = CASE WHEN r.state IN ('pending', 'retry') THEN 'skipped' ELSE r.state END,
        reason = CASE WHEN r.state IN ('pending', 'retry') THEN 'erased' ELSE r.reason END"""

# Campaigns before lanes, as turns lock them; a turn that read these people already comes to nothing.
HOLD_CAMPAIGNS = Query("""
    WITH theirs AS MATERIALIZED (
      SELECT campaign_id FROM sender.campaign
      WHERE organization_id = %(organization)b::uuid AND campaign_id IN (
        SELECT campaign_id FROM sender.campaign_recipient
        WHERE organization_id = %(organization)b::uuid AND recipient = ANY (%(names)b::text[]))
      ORDER BY campaign_id FOR UPDATE)
    UPDATE sender.campaign c SET revision = c.revision + 1 FROM theirs t
    WHERE c.organization_id = %(organization)b::uuid AND c.campaign_id = t.campaign_id""")
EMPTY_PLACES = Query(f"""
    WITH emptied AS (
      UPDATE sender.campaign_recipient r SET {_EMPTIED}
      WHERE r.organization_id = %(organization)b::uuid AND r.recipient = ANY (%(names)b::text[]) RETURNING 1)
    SELECT count(*) FROM emptied""")
READ_PLACES = Query("""
    SELECT json_build_object('campaign_id', r.campaign_id, 'campaign', c.name, 'place', r.n, 'recipient', r.recipient,
      'parameters', r.parameters, 'state', r.state, 'reason', r.reason, 'tries', r.tries, 'message_id', r.message_id)
    FROM sender.campaign_recipient r JOIN sender.campaign c USING (organization_id, campaign_id)
    WHERE r.organization_id = %(organization)b::uuid AND r.recipient = ANY (%(names)b::text[])
    ORDER BY r.campaign_id, r.n OFFSET %(skip)b::bigint LIMIT %(limit)b::bigint""")
# One campaign at a time: one that ended before, or that nobody went on with since; never one that runs.
EXPIRE_PLACES = Query(f"""
    WITH chosen AS MATERIALIZED (
      SELECT campaign_id, emptied_n FROM sender.campaign
      WHERE organization_id = %(organization)b::uuid AND state <> 'running' AND emptied_n < recipients
        AND coalesce(ended_at, greatest(paced_until, starts_at)) < %(before)b::timestamptz
      ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED),
    old AS MATERIALIZED (
      SELECT p.campaign_id, p.n FROM chosen c CROSS JOIN LATERAL (
        SELECT campaign_id, n FROM sender.campaign_recipient
        WHERE organization_id = %(organization)b::uuid AND campaign_id = c.campaign_id AND n > c.emptied_n
        ORDER BY n LIMIT %(limit)b::bigint) p),
    moved AS (
      UPDATE sender.campaign c SET revision = c.revision + 1, emptied_n = (SELECT max(n) FROM old) FROM chosen o
      WHERE c.organization_id = %(organization)b::uuid AND c.campaign_id = o.campaign_id RETURNING 1),
    emptied AS (
      UPDATE sender.campaign_recipient r SET {_EMPTIED} FROM old o
      WHERE r.organization_id = %(organization)b::uuid AND (r.campaign_id, r.n) = (o.campaign_id, o.n) RETURNING 1)
    SELECT count(*) FROM emptied""")
