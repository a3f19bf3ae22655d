"""ingress: lanes of messages and statuses, kept events, Meta apps."""

from alembic import op

from services.chassis.queue import create_box
from services.ingress.store import MESSAGES, STATUSES

revision = "ingress_0001"
down_revision = None


def upgrade() -> None:
    for statement in (*create_box(MESSAGES), *create_box(STATUSES)):
        op.execute(statement)
    # What drives no conversation, kept visible; one row per dedupe key.
    op.execute(
        """
        CREATE TABLE ingress.event (
          event_key text PRIMARY KEY,
          disposition text NOT NULL CHECK (disposition IN ('recorded', 'invalid', 'unroutable')),
          type text NOT NULL, phone_number_id text, reason text NOT NULL DEFAULT '',
          fields text NOT NULL, received_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX ON ingress.event (received_at DESC)")
    op.execute("CREATE INDEX ON ingress.event (disposition, received_at DESC)")
    # Secrets are sealed to their row; only svc_ingress reads them.
    op.execute(
        """
        CREATE TABLE ingress.meta_app (
          organization_id uuid NOT NULL, name text NOT NULL,
          app_secret bytea NOT NULL, previous_app_secret bytea, verify_token bytea NOT NULL,
          updated_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, name)
        )
        """
    )
