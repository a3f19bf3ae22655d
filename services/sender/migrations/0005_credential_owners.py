"""sender: which organizations have credentials. Re-sealing names them; row-level security shows it nothing else."""

from alembic import op

revision = "sender_0005"
down_revision = "sender_0004"


def upgrade() -> None:
    """Create the list, and fill it from the credentials there are."""
    op.execute("CREATE TABLE sender.credential_owner (organization_id uuid PRIMARY KEY)")
    # Row-level security binds the owner too, who names no organization.
    op.execute("ALTER TABLE sender.credential NO FORCE ROW LEVEL SECURITY")
    op.execute("INSERT INTO sender.credential_owner SELECT DISTINCT organization_id FROM sender.credential")
    op.execute("ALTER TABLE sender.credential FORCE ROW LEVEL SECURITY")
