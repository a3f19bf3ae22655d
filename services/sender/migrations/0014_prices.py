"""sender: what Meta charges messages as, when they arrived, and whose campaign's they are."""

from alembic import op

revision = "sender_0014"
down_revision = "sender_0013"


def upgrade() -> None:
    """Add the columns; their defaults are kept with the table, so that no row is written."""
    op.execute(
        """
        ALTER TABLE sender.message
          ADD COLUMN pricing_category text NOT NULL DEFAULT '', ADD COLUMN pricing_type text NOT NULL DEFAULT '',
          ADD COLUMN arrived_at_us bigint, ADD COLUMN campaign_id uuid, ADD COLUMN campaign_try int
        """
    )
    op.execute(
        """
        ALTER TABLE sender.parked_status
          ADD COLUMN pricing_category text NOT NULL DEFAULT '', ADD COLUMN pricing_type text NOT NULL DEFAULT ''
        """
    )
