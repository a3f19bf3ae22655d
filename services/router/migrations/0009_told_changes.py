"""router: what happened to conversations among people is told to analytics, each change once."""

from alembic import op

revision = "router_0009"
down_revision = "router_0008"


def upgrade() -> None:
    """What happened before is told too. Whoever has agents has work, with queues or without."""
    op.execute("ALTER TABLE router.queue_change ADD COLUMN is_told boolean NOT NULL DEFAULT false")
    op.execute(
        "CREATE INDEX queue_change_untold ON router.queue_change (organization_id, entry_id, change_id)"
        " WHERE NOT is_told"
    )
    # The owner is under row-level security as anybody, and names no organization.
    op.execute("ALTER TABLE router.agent NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO router.queue_owner (organization_id) SELECT DISTINCT organization_id FROM router.agent"
        " ON CONFLICT (organization_id) DO NOTHING"
    )
    op.execute("ALTER TABLE router.agent FORCE ROW LEVEL SECURITY")
