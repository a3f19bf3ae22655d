"""ingress: which doors there are, and how long each has been open (the reconcile rule asks for all of them)."""

from alembic import op

revision = "ingress_0002"
down_revision = "ingress_0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE ingress.door (
          place text PRIMARY KEY, opened_at timestamptz NOT NULL, seen_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
