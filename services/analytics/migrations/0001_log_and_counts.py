"""The log of conversations, partitioned by month, and its counts."""

from alembic import op

revision = "analytics_0001"
down_revision = None


def upgrade() -> None:
    op.execute(LOG)
    op.execute("CREATE INDEX ON analytics.conversation_logs (organization_id, flow_id, occurred_at DESC)")
    op.execute("CREATE INDEX ON analytics.conversation_logs (organization_id, phone_number, occurred_at DESC)")
    for statement in OLD_RECORDS:
        op.execute(statement)
    op.execute("SELECT app.ensure_partitions('analytics.conversation_logs', 'month', 2)")
    for statement in COUNTS:
        op.execute(statement)


# occurred_at is part of the key because a unique key must hold the partition key; the producer fixes it, so that a
# repeat is known. Rows are never changed: svc_analytics has no UPDATE (deploy/postgres/roles.sql).
LOG = """
    CREATE TABLE analytics.conversation_logs (
      organization_id uuid NOT NULL,
      occurred_at timestamptz NOT NULL,
      record_id text NOT NULL,
      sequence int NOT NULL DEFAULT 0,
      kind text NOT NULL CHECK (kind IN ('contact_message', 'bot_message', 'flow_started', 'flow_ended',
                                         'invalid_answer', 'limit_reached', 'delivery')),
      conversation_id uuid NOT NULL,
      phone_number text,
      flow_id uuid,
      node_id text,
      user_message text,
      bot_response text,
      status text,
      error_code int,
      extra_data jsonb NOT NULL DEFAULT '{}',
      PRIMARY KEY (organization_id, occurred_at, record_id)
    ) PARTITION BY RANGE (occurred_at)
"""

# What is older than every month that has a partition must be taken too (a producer that was away for long). Months are
# made only forward, and the room refuses what lies beyond them, so no month's partition is ever kept from being made by
# rows that lie here. Nobody may read it but through its parent.
OLD_RECORDS = (
    "CREATE TABLE analytics.conversation_logs_old PARTITION OF analytics.conversation_logs DEFAULT",
    "ALTER TABLE analytics.conversation_logs_old ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE analytics.conversation_logs_old FORCE ROW LEVEL SECURITY",
)

# flow_id is the nil UUID for records outside any flow. Rows change with nearly every batch and no index holds what
# changes: room in the page makes every update an update in place.
COUNTS = (
    """
    CREATE TABLE analytics.conversation_count (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, conversation_id uuid NOT NULL,
      contact_messages bigint NOT NULL, bot_messages bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, conversation_id)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE analytics.flow_count (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL,
      contact_messages bigint NOT NULL, bot_messages bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id)
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)
    """,
    """
    CREATE TABLE analytics.node_count (
      organization_id uuid NOT NULL, flow_id uuid NOT NULL, node_id text NOT NULL,
      contact_messages bigint NOT NULL, bot_messages bigint NOT NULL,
      PRIMARY KEY (organization_id, flow_id, node_id)
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)
    """,
)
