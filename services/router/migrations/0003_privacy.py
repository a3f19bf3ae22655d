"""router: people who were erased, and how long an organization keeps things."""

from alembic import op

from services.chassis.queue.receipts import create_receipts

revision = "router_0003"
down_revision = "router_0002"


def upgrade() -> None:
    # What a contact's names meant before this moment (seconds since 1970) was somebody else, who was erased.
    op.execute("ALTER TABLE router.contact ADD COLUMN not_before bigint NOT NULL DEFAULT 0")
    # Names as HMAC under TOMBSTONE_KEY: a repeat of an old webhook is known, and no name is kept.
    op.execute(
        """
        CREATE TABLE router.erased_identity (
          organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
          identity_hash bytea NOT NULL,
          erased_at timestamptz NOT NULL,
          PRIMARY KEY (organization_id, identity_hash))
        """
    )
    # NULL: everything is kept.
    op.execute("ALTER TABLE router.organization ADD COLUMN retention_days int CHECK (retention_days > 0)")
    for statement in create_receipts("router"):
        op.execute(statement)
