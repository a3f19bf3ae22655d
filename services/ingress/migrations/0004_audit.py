"""ingress: the audit log."""

from alembic import op

from services.chassis.audit import create_audit

revision = "ingress_0004"
down_revision = "ingress_0003"


def upgrade() -> None:
    for statement in create_audit("ingress"):
        op.execute(statement)
