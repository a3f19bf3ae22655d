"""analytics: what erasures and retention removed, counted where it is removed."""

from alembic import op

from services.chassis.queue.receipts import create_receipts

revision = "analytics_0004"
down_revision = "analytics_0003"


def upgrade() -> None:
    for statement in create_receipts("analytics"):
        op.execute(statement)
