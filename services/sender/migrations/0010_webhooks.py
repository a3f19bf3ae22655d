"""sender: webhooks of organizations, how far they were told, and the calls that wait."""

from alembic import op

from services.chassis.queue import Box, create_box
from services.chassis.queue.schema import without_time_index

revision = "sender_0010"
down_revision = "sender_0009"

HOOKS = Box("sender", "hooks")


def upgrade() -> None:
    """Create the tables."""
    # No events means all of them. A secret signs calls; it is sealed. The row of a webhook that was removed stays
    # without it: erasing a person has to find the lanes of its calls.
    op.execute(
        """
        CREATE TABLE sender.webhook (
          organization_id uuid NOT NULL, webhook_id uuid NOT NULL,
          name text NOT NULL, url text NOT NULL, events text[] NOT NULL, is_active bool NOT NULL,
          sealed bytea, created_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz,
          PRIMARY KEY (organization_id, webhook_id), UNIQUE (organization_id, name)
        )
        """
    )
    # Organizations with webhooks, and how far in the lanes of their changes these were told: a position for each lane.
    op.execute(
        """
        CREATE TABLE sender.webhook_feed (
          organization_id uuid PRIMARY KEY, lanes uuid[] NOT NULL, positions bigint[] NOT NULL
        ) WITH (fillfactor = 50)
        """
    )
    for statement in (*create_box(HOOKS), *without_time_index(HOOKS)):
        op.execute(statement)
