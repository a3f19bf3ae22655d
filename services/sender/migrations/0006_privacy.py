"""sender: messages and recipients that were erased."""

from alembic import op

from services.chassis.queue.receipts import create_receipts

revision = "sender_0006"
down_revision = "sender_0005"

# The lists leave erased messages out.
LISTS = {
    "message_list_idx": "organization_id, created_at",
    "message_lane_list_idx": "organization_id, lane_id, created_at",
}


def upgrade() -> None:
    """Add what tells an erased message and an erased recipient."""
    # An erased message has no recipient, text or ids of Meta's any more; statuses that still come change it no more.
    op.execute("ALTER TABLE sender.message ADD COLUMN erased_at timestamptz")
    for name, columns in LISTS.items():
        op.execute(f"DROP INDEX sender.{name}")
        op.execute(
            f"CREATE INDEX {name} ON sender.message ({columns}) WHERE created_at > '2000-01-01Z' AND erased_at IS NULL"
        )
    op.execute(
        """
        CREATE TABLE sender.erased_recipient (
          organization_id uuid NOT NULL, identity_hash bytea NOT NULL,
          erased_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, identity_hash)
        )
        """
    )
    # Ids of Meta's that no answer named: only who clears them away asks for these, and only they are in it.
    op.execute(
        "CREATE INDEX message_wamid_stranger_idx ON sender.message_wamid (organization_id, wamid) "
        "WHERE message_id IS NULL"
    )
    for statement in create_receipts("sender"):
        op.execute(statement)
