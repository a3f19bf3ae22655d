"""sender: message templates, the accounts they are read from, and whose word about messages is the latest."""

from alembic import op

revision = "sender_0009"
down_revision = "sender_0008"

_TABLES = (
    # `components` is what Meta tells, as JSON; empty while a template has only been told of. `told_at` is of the latest
    # news: what is older changes nothing.
    """
    CREATE TABLE sender.template (
      organization_id uuid NOT NULL, waba_id text NOT NULL, name text NOT NULL, language text NOT NULL,
      template_id text NOT NULL DEFAULT '', category text NOT NULL DEFAULT '', status text NOT NULL DEFAULT '',
      quality text NOT NULL DEFAULT '', reason text NOT NULL DEFAULT '', components text NOT NULL DEFAULT '',
      synced_at timestamptz, told_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (organization_id, waba_id, name, language)
    )
    """,
    # Accounts whose templates are read from Meta, and when next; `phone_number_id` is the number that was asked with.
    """
    CREATE TABLE sender.template_account (
      organization_id uuid NOT NULL, waba_id text NOT NULL, phone_number_id text NOT NULL DEFAULT '',
      synced_at timestamptz, due_at timestamptz NOT NULL,
      PRIMARY KEY (organization_id, waba_id)
    )
    """,
)


def upgrade() -> None:
    """Create the tables; a word that was taken back stays, so that an older one which comes late changes nothing."""
    for statement in _TABLES:
        op.execute(statement)
    op.execute("CREATE INDEX template_name_idx ON sender.template (organization_id, name, language)")
    op.execute("CREATE INDEX template_account_due_idx ON sender.template_account (due_at)")
    op.execute(
        """
        ALTER TABLE sender.opt_out
          ADD COLUMN is_out boolean NOT NULL DEFAULT true, ADD COLUMN said_at timestamptz NOT NULL DEFAULT now()
        """
    )
