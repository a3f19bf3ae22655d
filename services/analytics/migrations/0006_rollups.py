"""analytics: rollups by day, so that no report reads the log."""

from alembic import op

revision = "analytics_0006"
down_revision = "analytics_0005"


def upgrade() -> None:
    """Make the rollups and count into them what the log holds; while that goes on, records wait with their senders.

    flow_count and node_count stay as they are for the release before, and are not written any more: the rollups hold
    what they did.
    """
    for statement in (*WIDER, *KINDS, *ROLLUPS):
        op.execute(statement)
    # The owner is under row-level security as anybody, and names no organization.
    op.execute("ALTER TABLE analytics.conversation_logs NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE analytics.conversation_count NO FORCE ROW LEVEL SECURITY")
    for statement in BACKFILL:
        op.execute(statement)
    for statement in INDEXES:
        op.execute(statement)
    op.execute("ALTER TABLE analytics.conversation_count FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE analytics.conversation_logs FORCE ROW LEVEL SECURITY")


# `day` is the record's day in its organization's time zone, fixed when it is kept. `path` is a turn's way through a
# flow: node, exit, node … between U+001F.
WIDER = (
    """
    ALTER TABLE analytics.conversation_logs
      ADD COLUMN day date, ADD COLUMN flow_version int, ADD COLUMN path text, ADD COLUMN phone_number_id text,
      ADD COLUMN answered_after_us bigint, ADD COLUMN former_status text
    """,
    # A conversation in a flow: also its latest beginning and end. A place is the microsecond with ten bits for
    # the order within it.
    """
    ALTER TABLE analytics.conversation_count
      ADD COLUMN last_at timestamptz, ADD COLUMN started_place bigint, ADD COLUMN started_day date,
      ADD COLUMN flow_version int NOT NULL DEFAULT 0, ADD COLUMN ended_place bigint,
      ADD COLUMN is_finished boolean NOT NULL DEFAULT false,
      ADD COLUMN duration_us bigint GENERATED ALWAYS AS
        (CASE WHEN ended_place > started_place THEN (ended_place >> 10) - (started_place >> 10) END) STORED
    """,
)

# What is there has fewer kinds, so nothing needs to be looked at.
KINDS = (
    "ALTER TABLE analytics.conversation_logs DROP CONSTRAINT conversation_logs_kind_check",
    """
    ALTER TABLE analytics.conversation_logs ADD CONSTRAINT conversation_logs_kind_check CHECK (kind IN (
      'contact_message', 'bot_message', 'flow_started', 'flow_ended', 'invalid_answer', 'limit_reached', 'delivery',
      'flow_event', 'handed_over', 'taken', 'released', 'effect_failed', 'moved')) NOT VALID
    """,
)

# flow_id is the nil UUID for what is in no flow, and the last UUID there is for all flows together. flow_version is 0
# where none is known. Those by day are few and change with nearly every batch, as the counts of 0001.
_BUSY = "WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)"
ROLLUPS = (
    f"""
    CREATE TABLE analytics.flow_day (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL, flow_version int NOT NULL,
      contact_messages bigint NOT NULL, bot_messages bigint NOT NULL, invalid_answers bigint NOT NULL,
      handed_over bigint NOT NULL, limits_reached bigint NOT NULL, failed_effects bigint NOT NULL,
      answers bigint NOT NULL, answered_after_us bigint NOT NULL,
      taken bigint NOT NULL, taken_after_us bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day, flow_version)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.node_day (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL, flow_version int NOT NULL,
      node_id text NOT NULL,
      contact_messages bigint NOT NULL, bot_messages bigint NOT NULL, invalid_answers bigint NOT NULL,
      handed_over bigint NOT NULL, finished bigint NOT NULL, dropped bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day, flow_version, node_id)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.edge_day (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL, flow_version int NOT NULL,
      source text NOT NULL, handle text NOT NULL, target text NOT NULL, passed bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day, flow_version, source, handle, target)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.conversation_day (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL, flow_version int NOT NULL,
      conversations bigint NOT NULL, completed bigint NOT NULL, finished bigint NOT NULL, duration_us bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day, flow_version)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.audience_day (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL,
      active_contacts bigint NOT NULL, last_contacts bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.segment_count (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL,
      contacts bigint NOT NULL, active_contacts bigint NOT NULL, power_contacts bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.delivery_day (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL, phone_number_id text NOT NULL,
      accepted bigint NOT NULL, delivered bigint NOT NULL, read bigint NOT NULL, failed bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day, phone_number_id)
    ) {_BUSY}
    """,
    """
    CREATE TABLE analytics.failure_day (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL, error_code int NOT NULL,
      messages bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day, error_code)
    )
    """,
    # Who is known by no phone number is known by his conversation.
    """
    CREATE TABLE analytics.flow_contact (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, contact text NOT NULL, conversation_id uuid NOT NULL,
      messages bigint NOT NULL, last_day date NOT NULL,
      PRIMARY KEY (organization_id, flow_id, contact)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE analytics.contact_day (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL, contact text NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day, contact)
    )
    """,
    """
    CREATE TABLE analytics.organization_zone (
      organization_id uuid PRIMARY KEY, time_zone text NOT NULL, told_at timestamptz NOT NULL
    )
    """,
)

# The shortest and the longest of a day are the ends of an index; what goes on has no duration yet: it is in the other.
INDEXES = (
    """
    CREATE INDEX conversation_count_durations ON analytics.conversation_count
      (organization_id, flow_id, started_day, duration_us) WHERE duration_us IS NOT NULL
    """,
    """
    CREATE INDEX conversation_count_active ON analytics.conversation_count (organization_id, flow_id, started_day)
      WHERE started_place IS NOT NULL AND duration_us IS NULL
    """,
)

# What was kept before had no day; its organizations' zones were not told, and most are in the product's.
_DAY = "(occurred_at AT TIME ZONE 'America/Sao_Paulo')::date"
_FLOW = "coalesce(flow_id, '00000000-0000-0000-0000-000000000000')"
_ALL = "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"
_SAID = "kind IN ('contact_message', 'bot_message')"
_CONTACT = "coalesce(phone_number, conversation_id::text)"
_PLACE = "((extract(epoch FROM occurred_at) * 1000000)::bigint << 10) + least(sequence, 1023)"
_NOTE = "extra_data->>'text'"
_FINISHED = f"{_NOTE} IN ('end_node', 'no_edge', 'returned')"
_LOG = "FROM analytics.conversation_logs"
BACKFILL = (
    f"""
    INSERT INTO analytics.flow_day
    SELECT organization_id, {_FLOW}, {_DAY}, 0, count(*) FILTER (WHERE kind = 'contact_message'),
      count(*) FILTER (WHERE kind = 'bot_message'), count(*) FILTER (WHERE kind = 'invalid_answer'),
      count(*) FILTER (WHERE kind = 'handed_over'), count(*) FILTER (WHERE kind = 'limit_reached'),
      count(*) FILTER (WHERE kind = 'effect_failed'), 0, 0, count(*) FILTER (WHERE kind = 'taken'), 0
    {_LOG} WHERE kind <> 'delivery' GROUP BY 1, 2, 3
    """,
    f"""
    INSERT INTO analytics.node_day
    SELECT organization_id, {_FLOW}, {_DAY}, 0, node_id, count(*) FILTER (WHERE kind = 'contact_message'),
      count(*) FILTER (WHERE kind = 'bot_message'), count(*) FILTER (WHERE kind = 'invalid_answer'),
      count(*) FILTER (WHERE kind = 'handed_over'), count(*) FILTER (WHERE kind = 'flow_ended' AND {_FINISHED}),
      count(*) FILTER (WHERE kind = 'flow_ended' AND ({_FINISHED}) IS NOT TRUE)
    {_LOG} WHERE kind <> 'delivery' AND node_id IS NOT NULL GROUP BY 1, 2, 3, node_id
    """,
    f"""
    INSERT INTO analytics.conversation_count (organization_id, flow_id, conversation_id, contact_messages, bot_messages,
      started_place, started_day, ended_place, is_finished)
    SELECT organization_id, flow_id, conversation_id, 0, 0, max({_PLACE}) FILTER (WHERE kind = 'flow_started'),
      (array_agg({_DAY} ORDER BY {_PLACE} DESC) FILTER (WHERE kind = 'flow_started'))[1],
      max({_PLACE}) FILTER (WHERE kind = 'flow_ended'),
      coalesce((array_agg({_FINISHED} ORDER BY {_PLACE} DESC) FILTER (WHERE kind = 'flow_ended'))[1], false)
    {_LOG} WHERE kind IN ('flow_started', 'flow_ended') AND flow_id IS NOT NULL GROUP BY 1, 2, 3
    ON CONFLICT (organization_id, flow_id, conversation_id) DO UPDATE SET started_place = excluded.started_place,
      started_day = excluded.started_day, ended_place = excluded.ended_place, is_finished = excluded.is_finished
    """,
    """
    INSERT INTO analytics.conversation_day
    SELECT organization_id, flow_id, started_day, 0, count(*), count(duration_us),
      count(duration_us) FILTER (WHERE is_finished), coalesce(sum(duration_us), 0)
    FROM analytics.conversation_count WHERE started_place IS NOT NULL GROUP BY 1, 2, 3
    """,
    f"""
    INSERT INTO analytics.contact_day
    SELECT DISTINCT organization_id, {_FLOW}, {_DAY}, {_CONTACT} {_LOG} WHERE {_SAID}
    """,
    f"""
    INSERT INTO analytics.flow_contact
    SELECT organization_id, {_FLOW}, {_CONTACT}, (min(conversation_id::text))::uuid, count(*), max({_DAY})
    {_LOG} WHERE {_SAID} GROUP BY 1, 2, 3
    """,
    f"""
    INSERT INTO analytics.flow_contact
    SELECT organization_id, {_ALL}, contact, (min(conversation_id::text))::uuid, 0, max(last_day)
    FROM analytics.flow_contact GROUP BY 1, 3
    """,
    """
    INSERT INTO analytics.audience_day
    SELECT organization_id, flow_id, day, sum(active), sum(last)
    FROM (SELECT organization_id, flow_id, day, 1 AS active, 0 AS last FROM analytics.contact_day
      UNION ALL SELECT organization_id, flow_id, last_day, 0, 1 FROM analytics.flow_contact) counted
    GROUP BY 1, 2, 3
    """,
    f"""
    INSERT INTO analytics.segment_count
    SELECT organization_id, flow_id, count(*), count(*) FILTER (WHERE messages >= 5),
      count(*) FILTER (WHERE messages >= 20)
    FROM analytics.flow_contact WHERE flow_id <> {_ALL} GROUP BY 1, 2
    """,
    f"""
    INSERT INTO analytics.delivery_day
    SELECT organization_id, flow_id, day, '', count(*) FILTER (WHERE status = 'accepted'),
      count(*) FILTER (WHERE status IN ('delivered', 'read', 'played') AND former_arrivals = 0),
      count(*) FILTER (WHERE status IN ('read', 'played') AND former_views = 0),
      count(*) FILTER (WHERE status = 'failed')
    FROM (
      SELECT organization_id, {_FLOW} AS flow_id, {_DAY} AS day, status,
        count(*) FILTER (WHERE status IN ('delivered', 'read', 'played')) OVER former AS former_arrivals,
        count(*) FILTER (WHERE status IN ('read', 'played')) OVER former AS former_views
      {_LOG} WHERE kind = 'delivery'
      WINDOW former AS (PARTITION BY organization_id, split_part(record_id, ':', 2) ORDER BY sequence, record_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) told
    GROUP BY 1, 2, 3
    """,
    f"""
    INSERT INTO analytics.failure_day
    SELECT organization_id, {_FLOW}, {_DAY}, coalesce(error_code, 0), count(*)
    {_LOG} WHERE kind = 'delivery' AND status = 'failed' GROUP BY 1, 2, 3, 4
    """,
    f"""
    UPDATE analytics.conversation_count c SET last_at = l.last_at
    FROM (SELECT organization_id, {_FLOW} AS flow_id, conversation_id, max(occurred_at) AS last_at
      {_LOG} WHERE {_SAID} GROUP BY 1, 2, 3) l
    WHERE (c.organization_id, c.flow_id, c.conversation_id) = (l.organization_id, l.flow_id, l.conversation_id)
    """,
)
