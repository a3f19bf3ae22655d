"""executor: what erasures and retention removed, counted where it is removed."""

from alembic import op

from services.chassis.queue.receipts import create_receipts

revision = "executor_0005"
down_revision = "executor_0004"


def upgrade() -> None:
    for statement in create_receipts("executor"):
        op.execute(statement)
