"""sender: what is paused and since when, who opted out, what a number may send, and messages that wait beside lanes."""

from alembic import op

revision = "sender_0008"
down_revision = "sender_0007"

_TABLES = (
    # What Meta refuses as a whole. `name` says which: a digest of the access token (credentials), a phone_number_id
    # (number), a WABA id (waba; the phone_number_id when the account is not known), or NAME/LANGUAGE (template). From
    # `probe_at` on one message is let through; who takes it puts the next moment there.
    """
    CREATE TABLE sender.pause (
      organization_id uuid NOT NULL,
      scope text NOT NULL CHECK (scope IN ('credentials', 'number', 'waba', 'template')), name text NOT NULL,
      phone_number_id text NOT NULL, error_code int NOT NULL, error_text text NOT NULL,
      since timestamptz NOT NULL DEFAULT now(), probes int NOT NULL DEFAULT 0, probe_at timestamptz NOT NULL,
      PRIMARY KEY (organization_id, scope, name)
    )
    """,
    # Who wants no marketing, or nothing at all. `recipient` is a phone number in digits or a business-scoped user id;
    # `source` says who told: meta:CODE, or what other parts write.
    """
    CREATE TABLE sender.opt_out (
      organization_id uuid NOT NULL, recipient text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('marketing', 'all')), source text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (organization_id, recipient, kind)
    )
    """,
    # What is known of a number; a row without a value means that the settings hold.
    """
    CREATE TABLE sender.number (
      organization_id uuid NOT NULL, phone_number_id text NOT NULL,
      waba_id text NOT NULL DEFAULT '', portfolio_id text NOT NULL DEFAULT '',
      messages_per_second int NOT NULL DEFAULT 0 CHECK (messages_per_second >= 0),
      users_per_day int NOT NULL DEFAULT 0 CHECK (users_per_day >= 0),
      PRIMARY KEY (organization_id, phone_number_id)
    )
    """,
    # Whom a portfolio reached outside the 24 hour window within a day, and how many they are.
    """
    CREATE TABLE sender.reached (
      organization_id uuid NOT NULL, portfolio_id text NOT NULL, recipient text NOT NULL,
      reached_at timestamptz NOT NULL,
      PRIMARY KEY (organization_id, portfolio_id, recipient)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE sender.reached_count (
      organization_id uuid NOT NULL, portfolio_id text NOT NULL, users int NOT NULL,
      PRIMARY KEY (organization_id, portfolio_id)
    ) WITH (fillfactor = 50)
    """,
    # Messages whose lane went on without them; each is put at its end once it is due. `template` (NAME/LANGUAGE) is
    # the one it waits for to be taken again; the end of that pause makes it due.
    """
    CREATE TABLE sender.deferred (
      organization_id uuid NOT NULL, message_id uuid NOT NULL, lane_id uuid NOT NULL, due_at timestamptz NOT NULL,
      template text NOT NULL DEFAULT '',
      PRIMARY KEY (organization_id, message_id)
    )
    """,
)


def upgrade() -> None:
    """Create the tables, and the columns that say what was done about an error."""
    for statement in _TABLES:
        op.execute(statement)
    op.execute("CREATE INDEX deferred_due_idx ON sender.deferred (due_at)")
    op.execute("CREATE INDEX deferred_template_idx ON sender.deferred (organization_id, template) WHERE template <> ''")
    op.execute("CREATE INDEX reached_age_idx ON sender.reached (organization_id, portfolio_id, reached_at)")
    op.execute("ALTER TABLE sender.message ADD COLUMN error_action text NOT NULL DEFAULT ''")
    # How often the one more try that some codes allow was spent.
    op.execute("ALTER TABLE sender.message ADD COLUMN retries int NOT NULL DEFAULT 0")
