"""router: the audit log."""

from alembic import op

from services.chassis.audit import create_audit

revision = "router_0002"
down_revision = "router_0001"


def upgrade() -> None:
    for statement in create_audit("router"):
        op.execute(statement)
