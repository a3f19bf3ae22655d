"""ingress: items have one index less to fill."""

from alembic import op

from services.chassis.queue import Box
from services.chassis.queue.schema import without_time_index

revision = "ingress_0003"
down_revision = "ingress_0002"

BOXES = (Box("ingress", "out", group="number_key"), Box("ingress", "status", group="number_key"))


def upgrade() -> None:
    for box in BOXES:
        for statement in without_time_index(box):
            op.execute(statement)
