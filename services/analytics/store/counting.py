"""The statements that keep records and count them.

What is new is known only while it is inserted, and every further statement would cost more than its rows. Each part
sorts by its key: two batches that share rows wait for each other and never deadlock. What changes with a row is counted
from the row as it was and as it is (RETURNING old, new): nothing is counted twice, nor missed, whatever comes late.
"""

from __future__ import annotations

from services.analytics.domain.counting import ACTIVE_MESSAGES, EVERY_FLOW, FINISHES, NO_FLOW, POWER_MESSAGES
from services.analytics.domain.path import SEPARATOR
from services.chassis.db import Query

_FINISHES = ", ".join(f"'{reason}'" for reason in FINISHES)
_IS_FINISH = f"coalesce(note IN ({_FINISHES}), false)"


def _more(*columns: str) -> str:
    """What is counted grows by what comes."""
    return "DO UPDATE SET " + ", ".join(f"{column} = c.{column} + excluded.{column}" for column in columns)


def _number(*kinds: str) -> str:
    return "count(*) FILTER (WHERE kind = '" + "' OR kind = '".join(kinds) + "')"


_FLOW_FIGURES = (
    "contact_messages", "bot_messages", "invalid_answers", "handed_over", "limits_reached", "failed_effects", "answers",
    "answered_after_us", "taken", "taken_after_us",
)  # fmt: skip
_NODE_FIGURES = ("contact_messages", "bot_messages", "invalid_answers", "handed_over", "finished", "dropped")
_WAITED = "coalesce(sum(answered_after_us) FILTER (WHERE kind = '{}'), 0)::bigint"

_DAYS = f"""
    flow_days AS (
      INSERT INTO analytics.flow_day AS c (organization_id, flow_id, day, flow_version, {", ".join(_FLOW_FIGURES)})
      SELECT organization_id, some_flow_id, day, flow_version, {_number("contact_message")}, {_number("bot_message")},
        {_number("invalid_answer")}, {_number("handed_over")}, {_number("limit_reached")}, {_number("effect_failed")},
        count(*) FILTER (WHERE kind = 'contact_message' AND answered_after_us > 0), {_WAITED.format("contact_message")},
        count(*) FILTER (WHERE kind = 'taken' AND answered_after_us > 0), {_WAITED.format("taken")}
      FROM new GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
      ON CONFLICT (organization_id, flow_id, day, flow_version) {_more(*_FLOW_FIGURES)}
    ), node_days AS (
      INSERT INTO analytics.node_day AS c
        (organization_id, flow_id, day, flow_version, node_id, {", ".join(_NODE_FIGURES)})
      SELECT organization_id, some_flow_id, day, flow_version, node_id, {_number("contact_message")},
        {_number("bot_message")}, {_number("invalid_answer")}, {_number("handed_over")},
        count(*) FILTER (WHERE kind = 'flow_ended' AND {_IS_FINISH}),
        count(*) FILTER (WHERE kind = 'flow_ended' AND NOT {_IS_FINISH})
      FROM new WHERE node_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
      ON CONFLICT (organization_id, flow_id, day, flow_version, node_id) {_more(*_NODE_FIGURES)}
    ), paths AS (
      SELECT organization_id, some_flow_id, day, flow_version, string_to_array(path, '{SEPARATOR}') AS way,
        count(*) AS times
      FROM new WHERE path IS NOT NULL GROUP BY 1, 2, 3, 4, path
    ), edge_days AS (
      INSERT INTO analytics.edge_day AS c
        (organization_id, flow_id, day, flow_version, source, handle, target, passed)
      SELECT organization_id, some_flow_id, day, flow_version, way[at], way[at + 1], way[at + 2], sum(times)::bigint
      FROM paths, generate_series(1, cardinality(way) - 2, 2) at
      GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
      ON CONFLICT (organization_id, flow_id, day, flow_version, source, handle, target) {_more("passed")}
    )"""

# A conversation in a flow counts once, on the day of its latest beginning, and is over when it ended after that.
_LATER_START = "excluded.started_place > coalesce(c.started_place, -1)"
_LATER_END = "excluded.ended_place > coalesce(c.ended_place, -1)"
_STATES = f"""
    states AS (
      INSERT INTO analytics.conversation_count AS c
        (organization_id, flow_id, conversation_id, contact_messages, bot_messages, last_at, started_place, started_day,
         flow_version, ended_place, is_finished)
      SELECT organization_id, some_flow_id, conversation_id, {_number("contact_message")}, {_number("bot_message")},
        max(occurred_at) FILTER (WHERE is_message), max(place) FILTER (WHERE kind = 'flow_started'),
        (array_agg(day ORDER BY place DESC) FILTER (WHERE kind = 'flow_started'))[1],
        coalesce((array_agg(flow_version ORDER BY place DESC) FILTER (WHERE kind = 'flow_started'))[1], 0),
        max(place) FILTER (WHERE kind = 'flow_ended'),
        coalesce((array_agg({_IS_FINISH} ORDER BY place DESC) FILTER (WHERE kind = 'flow_ended'))[1], false)
      FROM (
        SELECT *, CASE WHEN NOT is_message THEN
          ((extract(epoch FROM occurred_at) * 1000000)::bigint << 10) + least(sequence, 1023) END AS place
        FROM new WHERE is_message OR flow_id IS NOT NULL AND kind IN ('flow_started', 'flow_ended')) placed
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      ON CONFLICT (organization_id, flow_id, conversation_id) {_more("contact_messages", "bot_messages")},
        last_at = greatest(c.last_at, excluded.last_at),
        started_place = greatest(c.started_place, excluded.started_place),
        started_day = CASE WHEN {_LATER_START} THEN excluded.started_day ELSE c.started_day END,
        flow_version = CASE WHEN {_LATER_START} THEN excluded.flow_version ELSE c.flow_version END,
        ended_place = greatest(c.ended_place, excluded.ended_place),
        is_finished = CASE WHEN {_LATER_END} THEN excluded.is_finished ELSE c.is_finished END
      RETURNING new.organization_id, new.flow_id,
        old.started_day AS day_before, old.flow_version AS version_before, old.duration_us AS duration_before,
        old.is_finished AS finished_before, old.so_far_us AS so_far_before,
        new.started_day AS day_after, new.flow_version AS version_after, new.duration_us AS duration_after,
        new.is_finished AS finished_after, new.so_far_us AS so_far_after
    ), moved_states AS (
      SELECT * FROM states
      WHERE (day_before, version_before, duration_before, finished_before, so_far_before)
        IS DISTINCT FROM (day_after, version_after, duration_after, finished_after, so_far_after)
    ), conversation_days AS (
      INSERT INTO analytics.conversation_day AS c
        (organization_id, flow_id, day, flow_version, conversations, completed, finished, duration_us,
         so_far_us)
      SELECT organization_id, flow_id, day, version, sum(one), sum(one * (duration IS NOT NULL)::int),
        sum(one * (duration IS NOT NULL AND is_finished)::int), sum(one * coalesce(duration, 0))::bigint,
        sum(one * coalesce(so_far, 0))::bigint
      FROM (
        SELECT organization_id, flow_id, day_before AS day, version_before AS version, duration_before AS duration,
          finished_before AS is_finished, so_far_before AS so_far, -1 AS one FROM moved_states
        UNION ALL
        SELECT organization_id, flow_id, day_after, version_after, duration_after, finished_after, so_far_after, 1
        FROM moved_states
      ) changed
      WHERE day IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
      ON CONFLICT (organization_id, flow_id, day, flow_version)
        {_more("conversations", "completed", "finished", "duration_us", "so_far_us")}
    )"""

# Whoever wrote in a period that reaches up to now wrote last on one of its days: so his last day alone is counted.
_PEOPLE = f"""
    contacts AS (
      INSERT INTO analytics.flow_contact AS c (organization_id, flow_id, contact, conversation_id, messages, last_day)
      SELECT organization_id, some_flow_id, contact, (min(conversation_id::text))::uuid, count(*), max(day)
      FROM new WHERE is_message GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      ON CONFLICT (organization_id, flow_id, contact) DO UPDATE SET
        messages = c.messages + excluded.messages, last_day = greatest(c.last_day, excluded.last_day)
      RETURNING new.organization_id, new.flow_id, new.contact, new.conversation_id,
        old.messages AS messages_before, new.messages AS messages_after,
        old.last_day AS day_before, new.last_day AS day_after
    ), contact_days AS (
      INSERT INTO analytics.contact_day (organization_id, flow_id, day, contact)
      SELECT DISTINCT organization_id, some_flow_id, day, contact FROM new WHERE is_message ORDER BY 1, 2, 3, 4
      ON CONFLICT DO NOTHING
      RETURNING organization_id, flow_id, day
    ), everybody AS (
      INSERT INTO analytics.flow_contact AS c (organization_id, flow_id, contact, conversation_id, messages, last_day)
      SELECT organization_id, '{EVERY_FLOW}'::uuid, contact, (min(conversation_id::text))::uuid, 0, max(day_after)
      FROM contacts WHERE day_before IS NULL OR day_after > day_before GROUP BY 1, 3 ORDER BY 1, 3
      ON CONFLICT (organization_id, flow_id, contact) DO UPDATE SET last_day = excluded.last_day
        WHERE c.last_day < excluded.last_day
      RETURNING new.organization_id, new.flow_id, old.last_day AS day_before, new.last_day AS day_after
    ), last_days AS (
      SELECT organization_id, flow_id, day_before, day_after FROM contacts WHERE day_before IS DISTINCT FROM day_after
      UNION ALL SELECT organization_id, flow_id, day_before, day_after FROM everybody
    ), audiences AS (
      INSERT INTO analytics.audience_day AS c (organization_id, flow_id, day, active_contacts, last_contacts)
      SELECT organization_id, flow_id, day, sum(active), sum(last)
      FROM (
        SELECT organization_id, flow_id, day, 1 AS active, 0 AS last FROM contact_days
        UNION ALL SELECT organization_id, flow_id, day_after, 0, 1 FROM last_days
        UNION ALL SELECT organization_id, flow_id, day_before, 0, -1 FROM last_days WHERE day_before IS NOT NULL
      ) changed
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      ON CONFLICT (organization_id, flow_id, day) {_more("active_contacts", "last_contacts")}
    ), segments AS (
      INSERT INTO analytics.segment_count AS c
        (organization_id, flow_id, contacts, active_contacts, power_contacts)
      SELECT organization_id, flow_id, sum((messages_before IS NULL)::int),
        sum((messages_after >= {ACTIVE_MESSAGES})::int - coalesce((messages_before >= {ACTIVE_MESSAGES})::int, 0)),
        sum((messages_after >= {POWER_MESSAGES})::int - coalesce((messages_before >= {POWER_MESSAGES})::int, 0))
      FROM contacts
      WHERE messages_before IS NULL
        OR messages_before < {ACTIVE_MESSAGES} AND messages_after >= {ACTIVE_MESSAGES}
        OR messages_before < {POWER_MESSAGES} AND messages_after >= {POWER_MESSAGES}
      GROUP BY 1, 2 ORDER BY 1, 2
      ON CONFLICT (organization_id, flow_id) {_more("contacts", "active_contacts", "power_contacts")}
    )"""

_KEY = """organization_id, occurred_at, record_id"""
# The keys of new rows come back only if some are not new; else their number says it.
_TELL = f"""
    SELECT total, {_KEY}
    FROM (SELECT count(*) AS total FROM new) counted LEFT JOIN new ON total < %(given)b::bigint"""
_DAY = "date '1970-01-01' + d"

ADD_RECORDS = Query(
    f"""
    WITH new AS (
      INSERT INTO analytics.conversation_logs (organization_id, occurred_at, record_id, sequence, kind, conversation_id,
        phone_number, flow_id, node_id, user_message, bot_response, status, error_code, extra_data, day, flow_version,
        path, phone_number_id, answered_after_us)
      SELECT o, at, r, s, k, c, nullif(p, ''), f, nullif(n, ''),
        CASE WHEN k = 'contact_message' THEN x END,
        CASE WHEN k = 'bot_message' THEN x END,
        nullif(st, ''), nullif(e, 0),
        CASE WHEN x <> '' AND k NOT IN ('contact_message', 'bot_message') THEN jsonb_build_object('text', x)
          ELSE '{{}}' END,
        {_DAY}, v, nullif(w, ''), nullif(pn, ''), nullif(aa, 0)
      FROM unnest(%(organizations)b::uuid[], %(times)b::timestamptz[], %(ids)b::text[], %(sequences)b::int[],
        %(kinds)b::text[], %(conversations)b::uuid[], %(phones)b::text[], %(flows)b::uuid[], %(nodes)b::text[],
        %(texts)b::text[], %(statuses)b::text[], %(errors)b::int[], %(days)b::int[], %(versions)b::int[],
        %(paths)b::text[], %(numbers)b::text[], %(waits)b::bigint[])
        t(o, at, r, s, k, c, p, f, n, x, st, e, d, v, w, pn, aa)
      ORDER BY o, at, r
      ON CONFLICT (organization_id, occurred_at, record_id) DO NOTHING
      RETURNING {_KEY}, sequence, kind, conversation_id, node_id, flow_id, flow_version, day, path, answered_after_us,
        extra_data->>'text' AS note, kind IN ('contact_message', 'bot_message') AS is_message,
        coalesce(phone_number, conversation_id::text) AS contact, coalesce(flow_id, '{NO_FLOW}') AS some_flow_id
    ), {_DAYS.strip()}, {_STATES.strip()}, {_PEOPLE.strip()}{_TELL}"""
)

# What became of messages is most of a log, and counts in one place alone.
ADD_DELIVERIES = Query(
    f"""
    WITH new AS (
      INSERT INTO analytics.conversation_logs (organization_id, occurred_at, record_id, sequence, kind, conversation_id,
        phone_number, flow_id, node_id, status, error_code, extra_data, day, flow_version, phone_number_id,
        former_status)
      SELECT o, at, r, s, 'delivery', c, nullif(p, ''), f, nullif(n, ''), nullif(st, ''), nullif(e, 0),
        CASE WHEN x <> '' THEN jsonb_build_object('text', x) ELSE '{{}}' END, {_DAY}, v, nullif(pn, ''), nullif(fs, '')
      FROM unnest(%(organizations)b::uuid[], %(times)b::timestamptz[], %(ids)b::text[], %(sequences)b::int[],
        %(conversations)b::uuid[], %(phones)b::text[], %(flows)b::uuid[], %(nodes)b::text[], %(texts)b::text[],
        %(statuses)b::text[], %(errors)b::int[], %(days)b::int[], %(versions)b::int[], %(numbers)b::text[],
        %(formers)b::text[]) t(o, at, r, s, c, p, f, n, x, st, e, d, v, pn, fs)
      ORDER BY o, at, r
      ON CONFLICT (organization_id, occurred_at, record_id) DO NOTHING
      RETURNING {_KEY}, day, status, former_status, error_code, phone_number_id,
        coalesce(flow_id, '{NO_FLOW}') AS some_flow_id
    ), delivery_days AS (
      INSERT INTO analytics.delivery_day AS c
        (organization_id, flow_id, day, phone_number_id, accepted, delivered, read, failed)
      SELECT organization_id, some_flow_id, day, coalesce(phone_number_id, ''),
        count(*) FILTER (WHERE status = 'accepted'),
        count(*) FILTER (WHERE status IN ('delivered', 'read', 'played')
          AND coalesce(former_status, '') NOT IN ('delivered', 'read', 'played')),
        count(*) FILTER (WHERE status IN ('read', 'played') AND coalesce(former_status, '') NOT IN ('read', 'played')),
        count(*) FILTER (WHERE status = 'failed')
      FROM new GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
      ON CONFLICT (organization_id, flow_id, day, phone_number_id)
        {_more("accepted", "delivered", "read", "failed")}
    ), failure_days AS (
      INSERT INTO analytics.failure_day AS c (organization_id, flow_id, day, error_code, messages)
      SELECT organization_id, some_flow_id, day, coalesce(error_code, 0), count(*)
      FROM new WHERE status = 'failed' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
      ON CONFLICT (organization_id, flow_id, day, error_code) {_more("messages")}
    ){_TELL}"""
)

ADD_ZONES = Query(
    """
    INSERT INTO analytics.organization_zone AS c (organization_id, time_zone, told_at)
    SELECT o, z, at FROM unnest(%(organizations)b::uuid[], %(zones)b::text[], %(times)b::timestamptz[]) t(o, z, at)
    ORDER BY o
    ON CONFLICT (organization_id) DO UPDATE SET time_zone = excluded.time_zone, told_at = excluded.told_at
      WHERE c.told_at < excluded.told_at"""
)
