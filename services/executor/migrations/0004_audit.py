"""executor: the audit log."""

from alembic import op

from services.chassis.audit import create_audit

revision = "executor_0004"
down_revision = "executor_0003"


def upgrade() -> None:
    for statement in create_audit("executor"):
        op.execute(statement)
