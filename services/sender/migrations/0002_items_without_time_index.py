"""sender: items have one index less to fill."""

from alembic import op

from services.chassis.queue import Box
from services.chassis.queue.schema import without_time_index

revision = "sender_0002"
down_revision = "sender_0001"

BOXES = (Box("sender", "inbox"), Box("sender", "records"))


def upgrade() -> None:
    for box in BOXES:
        for statement in without_time_index(box):
            op.execute(statement)
