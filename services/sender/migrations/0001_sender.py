"""Messages, their ids at Meta, credentials, pair limits, parked statuses, and two boxes of lanes."""

from alembic import op

from services.chassis.queue import Box, create_box

revision = "sender_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    for box in (Box("sender", "inbox"), Box("sender", "records")):
        for statement in create_box(box):
            op.execute(statement)
    op.execute(
        """
        CREATE TABLE sender.message (
          organization_id uuid NOT NULL, message_id uuid NOT NULL,
          lane_id uuid NOT NULL,
          phone_number_id text NOT NULL,
          recipient_wa_id text NOT NULL, recipient_user_id text NOT NULL,
          flow_id text NOT NULL, node_id text NOT NULL,
          state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'attempting', 'accepted', 'failed')),
          attempts int NOT NULL DEFAULT 0, attempted_at timestamptz,
          status text NOT NULL DEFAULT 'none'
            CHECK (status IN ('none', 'sent', 'delivered', 'read', 'played', 'failed')),
          wamids text[] NOT NULL DEFAULT '{}',
          resolved_by text NOT NULL DEFAULT '' CHECK (resolved_by IN ('', 'response', 'status', 'resend')),
          is_maybe_duplicate bool NOT NULL DEFAULT false,
          error_code int NOT NULL DEFAULT 0, error_text text NOT NULL DEFAULT '',
          created_at timestamptz NOT NULL DEFAULT now(), accepted_at timestamptz,
          PRIMARY KEY (organization_id, message_id)
        ) WITH (fillfactor = 70)
        """
    )
    op.execute("CREATE INDEX ON sender.message (organization_id, created_at)")
    op.execute("CREATE INDEX ON sender.message (organization_id, lane_id, created_at)")
    # message_id NULL: a status came for an id that no answer named yet; its row makes the two meet.
    op.execute(
        """
        CREATE TABLE sender.message_wamid (
          organization_id uuid NOT NULL, wamid text NOT NULL, message_id uuid,
          PRIMARY KEY (organization_id, wamid),
          FOREIGN KEY (organization_id, message_id) REFERENCES sender.message (organization_id, message_id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE sender.parked_status (
          organization_id uuid NOT NULL, event_id text NOT NULL,
          wamid text NOT NULL, status text NOT NULL, error_code int NOT NULL, occurred_at bigint NOT NULL,
          parked_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, event_id)
        )
        """
    )
    op.execute("CREATE INDEX ON sender.parked_status (organization_id, wamid)")
    op.execute("CREATE INDEX ON sender.parked_status (organization_id, parked_at)")
    op.execute(
        """
        CREATE TABLE sender.pair (
          organization_id uuid NOT NULL, lane_id uuid NOT NULL, used_until timestamptz NOT NULL,
          PRIMARY KEY (organization_id, lane_id)
        ) WITH (fillfactor = 70)
        """
    )
    op.execute(
        """
        CREATE TABLE sender.credential (
          organization_id uuid NOT NULL, phone_number_id text NOT NULL,
          sealed bytea NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, phone_number_id)
        )
        """
    )


def downgrade() -> None:
    """Not offered: what was sent cannot be unsent."""
    raise NotImplementedError("restore a backup instead")
