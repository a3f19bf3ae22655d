"""analytics: the audit log."""

from alembic import op

from services.chassis.audit import create_audit

revision = "analytics_0003"
down_revision = "analytics_0002"


def upgrade() -> None:
    for statement in create_audit("analytics"):
        op.execute(statement)
