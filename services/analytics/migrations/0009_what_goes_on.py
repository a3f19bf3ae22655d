"""analytics: how long conversations that go on have lasted, so that no report reads them one by one."""

from alembic import op

revision = "analytics_0009"
down_revision = "analytics_0006"


def upgrade() -> None:
    """Add the columns, count what is there, and let one index hold what has ended and what goes on."""
    for statement in COLUMNS:
        op.execute(statement)
    # The owner is under row-level security as anybody, and names no organization.
    op.execute("ALTER TABLE analytics.conversation_count NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE analytics.conversation_day NO FORCE ROW LEVEL SECURITY")
    op.execute(BACKFILL)
    for statement in INDEXES:
        op.execute(statement)
    op.execute("ALTER TABLE analytics.conversation_day FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE analytics.conversation_count FORCE ROW LEVEL SECURITY")


# What goes on lasts until its last message. A place is the microsecond with ten bits for the order within it. The
# difference of two times is taken because the epoch of one is not fixed in Postgres' eyes.
COLUMNS = (
    """
    ALTER TABLE analytics.conversation_count
      ADD COLUMN so_far_us bigint GENERATED ALWAYS AS
        (CASE WHEN started_place IS NOT NULL AND (ended_place > started_place) IS NOT TRUE THEN
          greatest(0, (extract(epoch FROM last_at - timestamptz '1970-01-01 00:00:00+00') * 1000000)::bigint
            - (started_place >> 10)) END) STORED
    """,
    "ALTER TABLE analytics.conversation_day ADD COLUMN so_far_us bigint NOT NULL DEFAULT 0",
)
BACKFILL = """
    UPDATE analytics.conversation_day d SET so_far_us = g.so_far_us
    FROM (
      SELECT organization_id, flow_id, started_day, flow_version, sum(so_far_us) AS so_far_us
      FROM analytics.conversation_count WHERE so_far_us IS NOT NULL GROUP BY 1, 2, 3, 4) g
    WHERE (d.organization_id, d.flow_id, d.day, d.flow_version)
      = (g.organization_id, g.flow_id, g.started_day, g.flow_version)
    """
# The ends of an index are the longest and the shortest of a day.
INDEXES = (
    "DROP INDEX analytics.conversation_count_active",
    """
    CREATE INDEX conversation_count_so_far ON analytics.conversation_count
      (organization_id, flow_id, started_day, so_far_us) WHERE so_far_us IS NOT NULL
    """,
)
