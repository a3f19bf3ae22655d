"""analytics: rollups by hour and by agent, when a contact came first, and how many steps conversations took."""

from alembic import op

revision = "analytics_0008"
down_revision = "analytics_0007"


def upgrade() -> None:
    """Make the rollups and count into them what the log holds; while that goes on, records wait with their senders."""
    for statement in (*WIDER, *KINDS, *ROLLUPS):
        op.execute(statement)
    # The owner is under row-level security as anybody, and names no organization.
    for table in READ_AND_WRITTEN:
        op.execute(f"ALTER TABLE analytics.{table} NO FORCE ROW LEVEL SECURITY")
    for statement in BACKFILL:
        op.execute(statement)
    for table in READ_AND_WRITTEN:
        op.execute(f"ALTER TABLE analytics.{table} FORCE ROW LEVEL SECURITY")


READ_AND_WRITTEN = (
    "conversation_logs", "contact_day", "flow_contact", "audience_day", "flow_day", "edge_day", "organization_zone",
)  # fmt: skip

# `hour` is the record's hour of its day; `agent_id` is whom a record of people is about.
WIDER = (
    "ALTER TABLE analytics.conversation_logs ADD COLUMN hour smallint, ADD COLUMN agent_id uuid",
    "ALTER TABLE analytics.flow_contact ADD COLUMN first_day date",
    "ALTER TABLE analytics.audience_day ADD COLUMN first_contacts bigint NOT NULL DEFAULT 0",
    "ALTER TABLE analytics.flow_day ADD COLUMN steps bigint NOT NULL DEFAULT 0",
)

# What is there has fewer kinds, so nothing needs to be looked at.
KINDS = (
    "ALTER TABLE analytics.conversation_logs DROP CONSTRAINT conversation_logs_kind_check",
    """
    ALTER TABLE analytics.conversation_logs ADD CONSTRAINT conversation_logs_kind_check CHECK (kind IN (
      'contact_message', 'bot_message', 'flow_started', 'flow_ended', 'invalid_answer', 'limit_reached', 'delivery',
      'flow_event', 'handed_over', 'taken', 'released', 'effect_failed', 'moved', 'assigned', 'unassigned')) NOT VALID
    """,
)

# As the rollups of 0006: few rows that change with nearly every batch. flow_id is the nil UUID for what is in no flow,
# and the last UUID there is for all flows together, so that an organization's hours are 24 rows a day.
_BUSY = "WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)"
ROLLUPS = (
    f"""
    CREATE TABLE analytics.message_hour (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, day date NOT NULL, hour smallint NOT NULL,
      contact_messages bigint NOT NULL, bot_messages bigint NOT NULL, started bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, day, hour)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.agent_day (
      organization_id uuid NOT NULL, agent_id uuid NOT NULL, day date NOT NULL,
      taken bigint NOT NULL, released bigint NOT NULL, closed bigint NOT NULL, transferred bigint NOT NULL,
      first_responses bigint NOT NULL, first_response_us bigint NOT NULL,
      responses bigint NOT NULL, response_us bigint NOT NULL, handled bigint NOT NULL, held_us bigint NOT NULL,
      PRIMARY KEY (organization_id, agent_id, day)
    ) {_BUSY}
    """,
)

_ALL = "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"
_FLOW = "coalesce(flow_id, '00000000-0000-0000-0000-000000000000')"
# What was kept before 0006 had no day, and was counted by that of the product's zone.
_PRODUCT = "'America/Sao_Paulo'"
_DAY = f"coalesce(day, (occurred_at AT TIME ZONE {_PRODUCT})::date)"
_ZONE = f"CASE WHEN day IS NULL THEN {_PRODUCT} ELSE coalesce(time_zone, {_PRODUCT}) END"
_HOUR = f"coalesce(hour, extract(hour FROM occurred_at AT TIME ZONE {_ZONE}))::smallint"
_KNOWN = """
    (SELECT z.organization_id, z.time_zone FROM analytics.organization_zone z
     JOIN pg_timezone_names n ON n.name = z.time_zone) z"""
BACKFILL = (
    f"""
    INSERT INTO analytics.message_hour
    SELECT organization_id, whose, day, hour, count(*) FILTER (WHERE kind = 'contact_message'),
      count(*) FILTER (WHERE kind = 'bot_message'), count(*) FILTER (WHERE kind = 'flow_started')
    FROM (
      SELECT organization_id, kind, {_FLOW} AS flow_id, {_DAY} AS day, {_HOUR} AS hour
      FROM analytics.conversation_logs l LEFT JOIN {_KNOWN} USING (organization_id)
      WHERE kind IN ('contact_message', 'bot_message', 'flow_started')) told
    CROSS JOIN LATERAL (VALUES (flow_id), ({_ALL})) t(whose)
    GROUP BY 1, 2, 3, 4
    """,
    f"""
    INSERT INTO analytics.contact_day (organization_id, flow_id, day, contact)
    SELECT DISTINCT organization_id, {_ALL}, day, contact FROM analytics.contact_day
    ON CONFLICT DO NOTHING
    """,
    # Days that retention took away cannot be known any more: the first is the first of those that are left.
    """
    UPDATE analytics.flow_contact c SET first_day = coalesce(d.first_day, c.last_day)
    FROM analytics.flow_contact w
    LEFT JOIN (
      SELECT organization_id, flow_id, contact, min(day) AS first_day FROM analytics.contact_day GROUP BY 1, 2, 3) d
      USING (organization_id, flow_id, contact)
    WHERE (c.organization_id, c.flow_id, c.contact) = (w.organization_id, w.flow_id, w.contact)
    """,
    f"""
    INSERT INTO analytics.audience_day AS c
      (organization_id, flow_id, day, active_contacts, last_contacts, first_contacts)
    SELECT organization_id, flow_id, day, sum(active), 0, sum(first)
    FROM (
      SELECT organization_id, flow_id, day, 1 AS active, 0 AS first FROM analytics.contact_day WHERE flow_id = {_ALL}
      UNION ALL SELECT organization_id, flow_id, first_day, 0, 1 FROM analytics.flow_contact) counted
    GROUP BY 1, 2, 3
    ON CONFLICT (organization_id, flow_id, day) DO UPDATE SET
      active_contacts = c.active_contacts + excluded.active_contacts,
      first_contacts = c.first_contacts + excluded.first_contacts
    """,
    """
    UPDATE analytics.flow_day f SET steps = e.steps
    FROM (
      SELECT organization_id, flow_id, day, flow_version, sum(passed) AS steps FROM analytics.edge_day
      GROUP BY 1, 2, 3, 4) e
    WHERE (f.organization_id, f.flow_id, f.day, f.flow_version) = (e.organization_id, e.flow_id, e.day, e.flow_version)
    """,
)
