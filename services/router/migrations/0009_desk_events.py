"""router: what happens to conversations among people is told to others and noted in the audit log."""

from alembic import op

revision = "router_0009"
down_revision = "router_0008"

STATEMENTS = (
    # When it was noted that the promised time was over.
    "ALTER TABLE router.queue_entry ADD COLUMN sla_broken_at timestamptz",
    # Conversations of contacts who turned out to be this one: their flows wait for this entry's end too.
    "ALTER TABLE router.queue_entry ADD COLUMN merged_conversation_ids uuid[] NOT NULL DEFAULT '{}'",
    """
    CREATE INDEX queue_entry_broken ON router.queue_entry (sla_due_at)
      WHERE state = 'waiting' AND sla_broken_at IS NULL AND sla_alerted_at IS NOT NULL
    """,
    """
    CREATE INDEX queue_entry_heard ON router.queue_entry (organization_id)
      WHERE state = 'ended' AND merged_conversation_ids <> '{}'
    """,
    # What was there before is not told any more; what the last release notes from here on is.
    "ALTER TABLE router.queue_change ADD COLUMN is_untold boolean NOT NULL DEFAULT false",
    "ALTER TABLE router.queue_change ALTER COLUMN is_untold SET DEFAULT true",
    "ALTER TABLE router.queue_change ADD COLUMN is_audit_due boolean NOT NULL DEFAULT false",
    """
    CREATE INDEX queue_change_untold ON router.queue_change (organization_id, change_id) WHERE is_untold
    """,
    """
    CREATE INDEX queue_change_audit_due ON router.queue_change (organization_id, change_id) WHERE is_audit_due
    """,
    # Who has agents and no queue has conversations among people all the same. Row-level security binds the owner too,
    # who names no organization.
    "ALTER TABLE router.agent NO FORCE ROW LEVEL SECURITY",
    """
    INSERT INTO router.queue_owner (organization_id) SELECT DISTINCT organization_id FROM router.agent
    ON CONFLICT (organization_id) DO NOTHING
    """,
    "ALTER TABLE router.agent FORCE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
