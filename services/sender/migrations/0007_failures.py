"""sender: messages of flows that did not arrive, on their way to executor."""

from alembic import op

from services.chassis.queue import Box, create_box
from services.chassis.queue.schema import without_time_index

revision = "sender_0007"
down_revision = "sender_0006"

FAILURES = Box("sender", "failures")


def upgrade() -> None:
    for statement in (*create_box(FAILURES), *without_time_index(FAILURES)):
        op.execute(statement)
