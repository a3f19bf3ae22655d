"""executor: items have one index less to fill."""

from alembic import op

from services.chassis.queue import Box
from services.chassis.queue.schema import without_time_index

revision = "executor_0002"
down_revision = "executor_0001"

BOXES = (Box("executor", "inbox"), Box("executor", "outbox"), Box("executor", "records"))


def upgrade() -> None:
    for box in BOXES:
        for statement in without_time_index(box):
            op.execute(statement)
