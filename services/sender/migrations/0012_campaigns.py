"""sender: campaigns, their recipients, whose turn it is, and how many users a number wrote to in each hour."""

from alembic import op

revision = "sender_0012"
down_revision = "sender_0011"

_TABLES = (
    # `content` is a serialized Content; `revision` grows with every change, so that a turn begun before one comes to
    # nothing. `done_n` is the last recipient looked at, `swept_n` how far outcomes were looked through in this pass,
    # `emptied_n` how far recipients were let go of because they were kept long enough.
    """
    CREATE TABLE sender.campaign (
      organization_id uuid NOT NULL, campaign_id uuid NOT NULL,
      name text NOT NULL, phone_number_id text NOT NULL, content bytea NOT NULL,
      state text NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'scheduled', 'running', 'paused', 'completed', 'failed', 'cancelled')),
      note text NOT NULL DEFAULT '',
      audience text NOT NULL CHECK (audience IN ('custom_list', 'uploaded_file', 'tags', 'all_contacts')),
      tags text[] NOT NULL, attributes jsonb NOT NULL,
      messages_per_hour int NOT NULL CHECK (messages_per_hour > 0), max_tries int NOT NULL CHECK (max_tries > 0),
      respects_opt_out bool NOT NULL, skips_active bool NOT NULL,
      time_zone text NOT NULL, starts_at timestamptz,
      audience_cursor text NOT NULL DEFAULT '', is_audience_whole bool NOT NULL,
      recipients bigint NOT NULL DEFAULT 0, done_n bigint NOT NULL DEFAULT 0,
      swept_n bigint NOT NULL DEFAULT 0, emptied_n bigint NOT NULL DEFAULT 0, is_pass_clean bool NOT NULL DEFAULT true,
      paced_until timestamptz NOT NULL DEFAULT now(), revision bigint NOT NULL DEFAULT 0,
      created_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz,
      PRIMARY KEY (organization_id, campaign_id)
    ) WITH (fillfactor = 50)
    """,
    # `recipient` is a phone number in digits or a user id. `message_id` is the last message made for it.
    # `recipient_key` is made of campaign and recipient: an index led by the campaign too would tempt the planner, while
    # statistics are young, to read the whole campaign for a recipient's own place.
    """
    CREATE TABLE sender.campaign_recipient (
      organization_id uuid NOT NULL, campaign_id uuid NOT NULL, n bigint NOT NULL,
      recipient text NOT NULL, recipient_key uuid NOT NULL, is_user_id bool NOT NULL, parameters jsonb NOT NULL,
      conversation_id uuid,
      state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'enqueued', 'retry', 'skipped')),
      reason text NOT NULL DEFAULT '', tries int NOT NULL DEFAULT 0, message_id uuid, due_at timestamptz,
      PRIMARY KEY (organization_id, campaign_id, n),
      UNIQUE (organization_id, recipient_key),
      FOREIGN KEY (organization_id, campaign_id) REFERENCES sender.campaign (organization_id, campaign_id)
    ) WITH (fillfactor = 70)
    """,
    # Campaigns that have something to do, and when; taken like a lane.
    """
    CREATE TABLE sender.campaign_turn (
      organization_id uuid NOT NULL, campaign_id uuid NOT NULL, due_at timestamptz NOT NULL,
      PRIMARY KEY (organization_id, campaign_id)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE sender.campaign_hour (
      organization_id uuid NOT NULL, phone_number_id text NOT NULL, hour timestamptz NOT NULL, users bigint NOT NULL,
      PRIMARY KEY (organization_id, phone_number_id, hour)
    ) WITH (fillfactor = 50)
    """,
)


def upgrade() -> None:
    """Create the tables."""
    for statement in _TABLES:
        op.execute(statement)
    op.execute(
        "CREATE INDEX campaign_retry_idx ON sender.campaign_recipient (organization_id, campaign_id, due_at) "
        "WHERE state = 'retry'"
    )
    op.execute("CREATE INDEX campaign_turn_due_idx ON sender.campaign_turn (due_at)")
    # Erasing a person finds what campaigns know of them.
    op.execute("CREATE INDEX campaign_person_idx ON sender.campaign_recipient (recipient)")
