"""router: what published flows start by."""

from alembic import op

revision = "router_0006"
down_revision = "router_0005"


def upgrade() -> None:
    # One row a flow. It stays, without triggers, when nothing starts the flow any more: what comes late is known by it.
    op.execute(
        """
        CREATE TABLE router.flow_trigger (
          organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
          flow_id uuid NOT NULL,
          sequence bigint NOT NULL,
          published_at_us bigint NOT NULL,
          triggers jsonb NOT NULL,
          PRIMARY KEY (organization_id, flow_id))
        """
    )
