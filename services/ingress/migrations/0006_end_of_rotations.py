"""ingress: until when the secret of before a rotation is believed."""

from alembic import op

revision = "ingress_0006"
down_revision = "ingress_0005"


def upgrade() -> None:
    op.execute("ALTER TABLE ingress.meta_app ADD COLUMN previous_until timestamptz")
    # Rotations of before this release end a week after it. Row-level security binds the owner too.
    op.execute("ALTER TABLE ingress.meta_app NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE ingress.meta_app SET previous_until = now() + interval '7 days' WHERE previous_app_secret IS NOT NULL"
    )
    op.execute("ALTER TABLE ingress.meta_app FORCE ROW LEVEL SECURITY")
