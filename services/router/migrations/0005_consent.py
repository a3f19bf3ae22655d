"""router: words by which people stop and want messages, and whose templates a WhatsApp Business Account has."""

from alembic import op

revision = "router_0005"
down_revision = "router_0004"


def upgrade() -> None:
    # NULL: the words that come with PyTake (domain.opt_out).
    op.execute("ALTER TABLE router.organization ADD COLUMN opt_out jsonb")
    op.execute("ALTER TABLE router.number ADD COLUMN waba_id text NOT NULL DEFAULT ''")
    # Who has numbers of an account, before the tenant is known: news of its templates name no number. One account may
    # have numbers of several organizations.
    op.execute(
        """
        CREATE TABLE router.account_directory (
          organization_id uuid NOT NULL REFERENCES router.organization (organization_id), waba_id text NOT NULL,
          PRIMARY KEY (organization_id, waba_id))
        """
    )
    op.execute("CREATE INDEX account_directory_waba_idx ON router.account_directory (waba_id)")
