"""analytics: what Meta charges messages as, what became of campaigns' messages; two tables go that nobody uses."""

from alembic import op

revision = "analytics_0007"
down_revision = "analytics_0006"


def upgrade() -> None:
    """Nothing is counted of what the log holds: it has neither prices nor campaigns.

    flow_count and node_count were left by 0006 for the release before it, which wrote them.
    """
    for statement in (WIDER, *ROLLUPS):
        op.execute(statement)
    op.execute("DROP TABLE analytics.flow_count, analytics.node_count")


# `calling_code` is set where a price is, 0 where the recipient's country is not known.
WIDER = """
    ALTER TABLE analytics.conversation_logs
      ADD COLUMN pricing_category text, ADD COLUMN pricing_type text, ADD COLUMN calling_code int,
      ADD COLUMN campaign_id uuid, ADD COLUMN campaign_try int
"""

# Few rows that change with nearly every batch, as those of 0006. A campaign's counts are of all time: its messages are
# read for weeks, and a day alone would tell nothing.
_BUSY = "WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)"
ROLLUPS = (
    f"""
    CREATE TABLE analytics.cost_day (
      organization_id uuid NOT NULL, day date NOT NULL, phone_number_id text NOT NULL, calling_code int NOT NULL,
      pricing_category text NOT NULL, pricing_type text NOT NULL, messages bigint NOT NULL,
      PRIMARY KEY (organization_id, day, phone_number_id, calling_code, pricing_category, pricing_type)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.campaign_count (
      organization_id uuid NOT NULL, campaign_id uuid NOT NULL, last_day date NOT NULL,
      sent bigint NOT NULL, delivered bigint NOT NULL, read bigint NOT NULL, retries bigint NOT NULL,
      PRIMARY KEY (organization_id, campaign_id)
    ) {_BUSY}
    """,
    f"""
    CREATE TABLE analytics.campaign_failure (
      organization_id uuid NOT NULL, campaign_id uuid NOT NULL, error_code int NOT NULL, messages bigint NOT NULL,
      PRIMARY KEY (organization_id, campaign_id, error_code)
    ) {_BUSY}
    """,
)
