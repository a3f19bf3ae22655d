"""sender: the audit log."""

from alembic import op

from services.chassis.audit import create_audit

revision = "sender_0004"
down_revision = "sender_0003"


def upgrade() -> None:
    for statement in create_audit("sender"):
        op.execute(statement)
