"""router: what happened to conversations among people is told to analytics, each change once."""

from alembic import op

revision = "router_0010"
down_revision = "router_0009"


def upgrade() -> None:
    """What happened before is recorded too."""
    op.execute("ALTER TABLE router.queue_change ADD COLUMN is_recorded boolean NOT NULL DEFAULT false")
    op.execute(
        "CREATE INDEX queue_change_unrecorded ON router.queue_change (organization_id, entry_id, change_id)"
        " WHERE NOT is_recorded"
    )
