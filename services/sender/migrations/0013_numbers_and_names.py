"""sender: what Meta tells of numbers and portfolios, other names of recipients, and what comes back in order."""

from alembic import op

revision = "sender_0013"
down_revision = "sender_0012"

_TABLES = (
    # Users a day as Meta told: of a portfolio, whatever numbers it has; 0 is no limit.
    """
    CREATE TABLE sender.portfolio (
      organization_id uuid NOT NULL, portfolio_id text NOT NULL,
      told_users_per_day int NOT NULL CHECK (told_users_per_day >= 0), told_at timestamptz NOT NULL,
      PRIMARY KEY (organization_id, portfolio_id)
    )
    """,
    # Two phone numbers of one person, as Meta's answers tell: a row for each way round. `is_metas` says that `other` is
    # the one Meta uses (wa_id).
    """
    CREATE TABLE sender.alias (
      organization_id uuid NOT NULL, recipient text NOT NULL, other text NOT NULL, is_metas boolean NOT NULL,
      PRIMARY KEY (organization_id, recipient, other)
    )
    """,
)


def upgrade() -> None:
    """Create the tables and columns; a number's own columns are what was given, `told_…` what Meta told."""
    for statement in _TABLES:
        op.execute(statement)
    op.execute(
        """
        ALTER TABLE sender.number
          ADD COLUMN told_per_second int NOT NULL DEFAULT 0 CHECK (told_per_second >= 0),
          ADD COLUMN told_quality text NOT NULL DEFAULT '', ADD COLUMN told_at timestamptz
        """
    )
    # Those of a lane that wait for the same and may not overtake each other.
    op.execute("ALTER TABLE sender.deferred ADD COLUMN is_in_order boolean NOT NULL DEFAULT false")
    op.execute("CREATE INDEX deferred_order_idx ON sender.deferred (organization_id, lane_id) WHERE is_in_order")
    op.execute("ALTER TABLE sender.pause DROP CONSTRAINT pause_scope_check")
    op.execute(
        """
        ALTER TABLE sender.pause ADD CONSTRAINT pause_scope_check
          CHECK (scope IN ('credentials', 'number', 'waba', 'template', 'country'))
        """
    )
