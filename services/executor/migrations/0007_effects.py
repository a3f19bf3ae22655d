"""executor: calls outside, what router is told, and the secrets of calls."""

from alembic import op

from services.chassis.queue import create_box
from services.chassis.queue.schema import without_time_index
from services.executor.store.boxes import EFFECTS, NOTICES

revision = "executor_0007"
down_revision = "executor_0006"


def upgrade() -> None:
    for box in (EFFECTS, NOTICES):
        for statement in (*create_box(box), *without_time_index(box)):
            op.execute(statement)
    op.execute(
        """
        CREATE TABLE executor.secret (
          organization_id uuid NOT NULL, name text NOT NULL,
          sealed bytea NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, name)
        )
        """
    )
    # Whom re-sealing names: row-level security shows it nothing of organizations that are not named.
    op.execute("CREATE TABLE executor.secret_owner (organization_id uuid PRIMARY KEY)")
