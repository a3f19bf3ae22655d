"""router: what is known of contacts, to whom conversations were handed, and which orders of flows were applied."""

from alembic import op

revision = "router_0004"
down_revision = "router_0003"


def upgrade() -> None:
    # profile_version grows with every change: whoever remembers a contact compares it.
    op.execute(
        """
        ALTER TABLE router.contact
          ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}',
          ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
          ADD COLUMN language text NOT NULL DEFAULT '',
          ADD COLUMN opted_in boolean,
          ADD COLUMN profile_version int NOT NULL DEFAULT 0
        """
    )
    op.execute("ALTER TABLE router.conversation ADD COLUMN handover jsonb")
    op.execute(
        """
        CREATE TABLE router.applied_order (
          organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
          order_id uuid NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, order_id))
        """
    )
    op.execute("CREATE INDEX ON router.applied_order (applied_at)")
