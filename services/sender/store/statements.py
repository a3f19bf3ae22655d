"""The SQL of messages, statuses, pairs and credentials. Locks are taken in the order of keys, messages before lanes.

Only a message that no row knows yet is written after its lane is locked (ADD_DECIDED): nobody can wait for it.
"""

from services.chassis.db import Query

_COLUMNS = """m.organization_id, m.message_id, m.lane_id, m.phone_number_id, m.recipient_wa_id, m.flow_id, m.node_id,
    m.state, m.attempts, extract(epoch FROM now() - m.attempted_at)::float8, m.status, m.wamids, m.resolved_by,
    m.is_maybe_duplicate, m.error_code, m.error_text, m.error_action, m.retries, m.erased_at IS NOT NULL,
    m.pricing_category, m.pricing_type, coalesce(m.arrived_at_us, 0), m.campaign_id, coalesce(m.campaign_try, 0)"""

ADD_MESSAGES = Query("""
    INSERT INTO sender.message (organization_id, message_id, lane_id, phone_number_id, recipient_wa_id,
                                recipient_user_id, flow_id, node_id, campaign_id, campaign_try)
    SELECT * FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[], %(lanes)b::uuid[], %(numbers)b::text[],
                         %(wa_ids)b::text[], %(user_ids)b::text[], %(flows)b::text[], %(nodes)b::text[],
                         %(campaigns)b::uuid[], %(tries)b::int[])
    ORDER BY 1, 2
    ON CONFLICT (organization_id, message_id) DO NOTHING
    RETURNING organization_id, message_id""")

# New messages as they were decided on under their lanes' locks; one that is there already ends the transaction.
ADD_DECIDED = Query("""
    INSERT INTO sender.message (organization_id, message_id, lane_id, phone_number_id, recipient_wa_id,
                                recipient_user_id, flow_id, node_id, campaign_id, campaign_try, state, attempts,
                                error_code, error_text, error_action, attempted_at)
    SELECT o, k, lane, number, wa_id, user_id, flow, node, campaign, try, state, attempts, code, error, action,
           CASE WHEN is_now THEN now() END
    FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[], %(lanes)b::uuid[], %(numbers)b::text[], %(wa_ids)b::text[],
                %(user_ids)b::text[], %(flows)b::text[], %(nodes)b::text[], %(campaigns)b::uuid[], %(tries)b::int[],
                %(states)b::text[], %(attempts)b::int[], %(codes)b::int[], %(errors)b::text[], %(actions)b::text[],
                %(nows)b::bool[])
         t(o, k, lane, number, wa_id, user_id, flow, node, campaign, try, state, attempts, code, error, action, is_now)
    ORDER BY 1, 2""")

# OFFSET 0 makes it one descent of the primary key for each id. Joined plainly, a plan made while the table was young
# reads the tenant: row-level security's own condition on organization_id invites the planner to it.
_LOCK_ONE = f"""
    SELECT {_COLUMNS} FROM sender.message m
    WHERE (m.organization_id, m.message_id) = (t.o, t.k) OFFSET 0 FOR UPDATE"""

LOCK_MESSAGES = Query(f"""
    SELECT m.* FROM (SELECT o, k FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[]) t(o, k) ORDER BY 1, 2) t
    CROSS JOIN LATERAL ({_LOCK_ONE}) m""")

# LIMIT keeps it one look-up a lane; EXISTS might read all that waits.
_HAS_WAITING = """(
      SELECT true FROM sender.deferred d
      WHERE (d.organization_id, d.lane_id) = (t.o, t.k) AND d.is_in_order LIMIT 1) IS NOT NULL"""

# The lanes that their claimers still hold, how far their pair's mark lies ahead, what time it is, and whether messages
# that come back in order wait beside them.
LOCK_LANES = Query(f"""
    SELECT l.organization_id, l.lane_id, l.lease, coalesce(extract(epoch FROM p.used_until - now()), 0)::float8,
           extract(epoch FROM now())::float8, {_HAS_WAITING}
    FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(tokens)b::uuid[]) t(o, k, token)
    JOIN sender.inbox_lane l ON (l.organization_id, l.lane_id) = (t.o, t.k) AND l.lease = t.token
    LEFT JOIN sender.pair p ON (p.organization_id, p.lane_id) = (t.o, t.k)
    ORDER BY l.organization_id, l.lane_id FOR UPDATE OF l""")

# wamids travel as one text: Postgres has no array of arrays of different lengths. The rows are locked by this very
# transaction, so that their places (ctid) are found by key and stay; OFFSET 0 as above.
WRITE_MESSAGES = Query("""
    UPDATE sender.message m SET
      state = t.state, attempts = t.attempts, status = t.status, resolved_by = t.resolved_by,
      wamids = string_to_array(t.wamids, chr(31)), is_maybe_duplicate = t.maybe,
      error_code = t.code, error_text = t.error, error_action = t.action, retries = t.retries,
      pricing_category = t.category, pricing_type = t.type, arrived_at_us = t.arrived_at_us,
      attempted_at = CASE WHEN t.is_now THEN now() ELSE m.attempted_at END,
      accepted_at = CASE WHEN t.state = 'accepted' THEN coalesce(m.accepted_at, now()) ELSE m.accepted_at END
    FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[], %(states)b::text[], %(attempts)b::int[], %(statuses)b::text[],
                %(resolved)b::text[], %(wamids)b::text[], %(maybe)b::bool[], %(codes)b::int[], %(errors)b::text[],
                %(actions)b::text[], %(retries)b::int[], %(nows)b::bool[], %(categories)b::text[], %(types)b::text[],
                %(arrivals)b::bigint[])
         t(o, k, state, attempts, status, resolved_by, wamids, maybe, code, error, action, retries, is_now, category,
           type, arrived_at_us)
    CROSS JOIN LATERAL (
      SELECT f.ctid FROM sender.message f WHERE (f.organization_id, f.message_id) = (t.o, t.k) OFFSET 0) p
    WHERE m.ctid = p.ctid""")

# A status may have left a row without a message for the same id; whoever comes second waits for the first and sees it.
NAME_WAMIDS = Query("""
    INSERT INTO sender.message_wamid AS w (organization_id, wamid, message_id)
    SELECT * FROM unnest(%(groups)b::uuid[], %(wamids)b::text[], %(ids)b::uuid[]) ORDER BY 1, 2
    ON CONFLICT (organization_id, wamid) DO UPDATE SET message_id = excluded.message_id WHERE w.message_id IS NULL""")

EXPECT_WAMIDS = Query("""
    INSERT INTO sender.message_wamid (organization_id, wamid)
    SELECT DISTINCT * FROM unnest(%(groups)b::uuid[], %(wamids)b::text[]) ORDER BY 1, 2
    ON CONFLICT (organization_id, wamid) DO NOTHING""")

TAKE_PARKED = Query("""
    DELETE FROM sender.parked_status p USING unnest(%(groups)b::uuid[], %(wamids)b::text[]) t(o, w)
    WHERE (p.organization_id, p.wamid) = (t.o, t.w)
    RETURNING p.organization_id, p.event_id, p.wamid, p.status, p.error_code, p.occurred_at, p.pricing_category,
      p.pricing_type""")

PARK = Query("""
    INSERT INTO sender.parked_status (organization_id, event_id, wamid, status, error_code, occurred_at,
                                      pricing_category, pricing_type)
    SELECT * FROM unnest(%(groups)b::uuid[], %(events)b::text[], %(wamids)b::text[], %(statuses)b::text[],
                         %(codes)b::int[], %(times)b::bigint[], %(categories)b::text[], %(types)b::text[])
    ORDER BY 1, 2
    ON CONFLICT (organization_id, wamid, event_id) DO NOTHING""")

FORGET_PARKED = Query("""
    DELETE FROM sender.parked_status
    WHERE organization_id = ANY(%(groups)b::uuid[]) AND parked_at < now() - %(days)s::float8 * interval '1 day'
      AND parked_at > '2000-01-01Z'""")

# Whose status is it: the message we named ourselves, else the one an answer named. MATERIALIZED: a row whose lock had
# to be waited for is checked anew, and its owner must not be looked up once more for that.
LOCK_OWNERS = Query(f"""
    WITH t AS MATERIALIZED (
      SELECT n, o, coalesce(
          (SELECT c.message_id FROM sender.message c WHERE (c.organization_id, c.message_id) = (o, callback)),
          (SELECT w.message_id FROM sender.message_wamid w WHERE (w.organization_id, w.wamid) = (o, named))) AS k
      FROM unnest(%(groups)b::uuid[], %(callbacks)b::uuid[], %(wamids)b::text[])
           WITH ORDINALITY g(o, callback, named, n))
    SELECT t.n, m.* FROM (SELECT * FROM t ORDER BY o, k) t CROSS JOIN LATERAL ({_LOCK_ONE}) m""")

# Which of these names are of somebody who was erased, and when, in milliseconds since 1970.
FIND_ERASED = Query("""
    SELECT e.identity_hash, (extract(epoch FROM e.erased_at) * 1000)::bigint
    FROM unnest(%(groups)b::uuid[], %(hashes)b::bytea[]) t(o, h)
    CROSS JOIN LATERAL (
      SELECT identity_hash, erased_at FROM sender.erased_recipient
      WHERE organization_id = t.o AND identity_hash = t.h LIMIT 1) e""")

# The same for lanes that nobody holds yet; a row for every lane asked for.
READ_PAIRS = Query(f"""
    SELECT t.o, t.k, coalesce(extract(epoch FROM p.used_until - now()), 0)::float8, extract(epoch FROM now())::float8,
           {_HAS_WAITING}
    FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[]) t(o, k)
    LEFT JOIN sender.pair p ON (p.organization_id, p.lane_id) = (t.o, t.k)""")

MARK_PAIRS = Query("""
    INSERT INTO sender.pair (organization_id, lane_id, used_until)
    SELECT o, k, now() + ahead * interval '1 s'
    FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(ahead)b::float8[]) t(o, k, ahead) ORDER BY 1, 2
    ON CONFLICT (organization_id, lane_id) DO UPDATE SET used_until = excluded.used_until""")

# One that waits for a template is made due by the end of that pause, at once if it has ended meanwhile; the hour is the
# net. One that comes back in order is due after those of its lane that do as well.
DEFER = Query("""
    INSERT INTO sender.deferred (organization_id, message_id, lane_id, due_at, template, is_in_order)
    SELECT o, k, lane, greatest(now() + interval '1 s' * CASE
             WHEN template = '' THEN wait
             WHEN EXISTS (SELECT 1 FROM sender.pause p WHERE p.organization_id = o AND p.scope = 'template'
                          AND p.name = template) THEN greatest(wait, 3600)
             ELSE 0 END, CASE WHEN is_in_order THEN (
               SELECT max(d.due_at) + interval '1 microsecond' FROM sender.deferred d
               WHERE d.organization_id = o AND d.lane_id = lane AND d.is_in_order) END), template, is_in_order
    FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[], %(lanes)b::uuid[], %(waits)b::float8[], %(templates)b::text[],
                %(in_order)b::bool[]) t(o, k, lane, wait, template, is_in_order)
    ORDER BY 1, 2
    ON CONFLICT (organization_id, message_id) DO UPDATE SET
      due_at = excluded.due_at, template = excluded.template, is_in_order = excluded.is_in_order""")

# Meta said that these recipients want no marketing; a row for each name that is known. Whoever wanted it again after
# the message was sent still does.
SUPPRESS_MARKETING = Query("""
    INSERT INTO sender.opt_out AS o (organization_id, recipient, kind, source, said_at)
    SELECT DISTINCT ON (t.o, v.recipient) t.o, v.recipient, 'marketing', t.source, coalesce(m.attempted_at, now())
    FROM unnest(%(groups)b::uuid[], %(ids)b::uuid[], %(sources)b::text[]) t(o, k, source)
    CROSS JOIN LATERAL (
      SELECT f.recipient_wa_id, f.recipient_user_id, f.attempted_at FROM sender.message f
      WHERE (f.organization_id, f.message_id) = (t.o, t.k) OFFSET 0) m
    CROSS JOIN LATERAL (VALUES (m.recipient_wa_id), (m.recipient_user_id)) v(recipient)
    WHERE v.recipient <> '' ORDER BY 1, 2, 5 DESC
    ON CONFLICT (organization_id, recipient, kind) DO UPDATE
    SET is_out = true, source = excluded.source, said_at = excluded.said_at
    WHERE NOT o.is_out AND o.said_at < excluded.said_at""")

# A kept lane's lease begins anew; a released one rests, is ready, or is idle. attempts tells the next claimer whether
# this holder died.
MOVE_LANES = Query("""
    UPDATE sender.inbox_lane l SET
      head = greatest(l.head, t.head), attempts = CASE WHEN t.is_kept THEN l.attempts ELSE 0 END, solo = 0,
      last_error = NULLIF(t.note, ''),
      lease = CASE WHEN t.is_kept THEN l.lease END,
      wake_at = CASE WHEN t.is_kept THEN now() + %(lease)s::float8 * interval '1 s'
                     WHEN greatest(l.head, t.head) >= l.tail THEN NULL
                     ELSE now() + t.wait * interval '1 s' END
    FROM unnest(%(groups)b::uuid[], %(lanes)b::uuid[], %(tokens)b::uuid[], %(heads)b::bigint[], %(kept)b::bool[],
                %(waits)b::float8[], %(notes)b::text[]) t(o, k, token, head, is_kept, wait, note)
    WHERE (l.organization_id, l.lane_id) = (t.o, t.k) AND l.lease = t.token
    RETURNING l.organization_id, l.lane_id, l.wake_at IS NOT NULL AND l.wake_at <= now()""")

WAKE_ORGANIZATION = Query("""
    UPDATE sender.inbox_lane SET wake_at = now()
    WHERE organization_id = %(organization_id)s::uuid AND lease IS NULL AND wake_at > now()""")


READ_ALL_CREDENTIALS = Query("""
    SELECT phone_number_id, sealed FROM sender.credential
    WHERE organization_id = %(organization_id)s::uuid ORDER BY phone_number_id""")

READ_OUTBOUND = Query("""
    SELECT i.payload FROM sender.message m JOIN sender.inbox_item i
      ON i.organization_id = m.organization_id AND i.lane_id = m.lane_id AND i.event_id = m.message_id::text
    WHERE m.organization_id = %(organization_id)s::uuid AND m.message_id = %(message_id)s::uuid LIMIT 1""")

LOCK_CREDENTIAL = Query("""
    SELECT sealed FROM sender.credential
    WHERE organization_id = %(organization_id)s::uuid AND phone_number_id = %(phone_number_id)s::text FOR UPDATE""")

# The owner's row is what background work finds organizations by: row-level security shows it no others' credentials.
PUT_CREDENTIAL = Query("""
    WITH owner AS (
      INSERT INTO sender.credential_owner (organization_id) VALUES (%(organization_id)s::uuid)
      ON CONFLICT (organization_id) DO NOTHING)
    INSERT INTO sender.credential (organization_id, phone_number_id, sealed)
    VALUES (%(organization_id)s::uuid, %(phone_number_id)s::text, %(sealed)b::bytea)
    ON CONFLICT (organization_id, phone_number_id) DO UPDATE SET sealed = excluded.sealed, updated_at = now()""")
