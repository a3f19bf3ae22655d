"""sender: files that organizations send and get, pieces while they come, and Meta's ids of what was sent."""

from alembic import op

revision = "sender_0011"
down_revision = "sender_0010"


def upgrade() -> None:
    """Create the tables."""
    # The content lies in the store of files under object_key; here is what it is.
    op.execute(
        """
        CREATE TABLE sender.media (
          organization_id uuid NOT NULL, media_id uuid NOT NULL,
          kind text NOT NULL, mime_type text NOT NULL, size bigint NOT NULL, sha256 bytea NOT NULL,
          object_key text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, media_id)
        )
        """
    )
    # A call holds 4 MiB and a file 100: pieces wait here for the last one, whichever replica takes it.
    op.execute(
        """
        CREATE TABLE sender.media_piece (
          organization_id uuid NOT NULL, media_id uuid NOT NULL, position bigint NOT NULL, content bytea NOT NULL,
          created_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, media_id, position)
        )
        """
    )
    # An id of Meta's is one number's. Whoever holds the claim uploads; nobody else does meanwhile. doubted_at is when
    # Meta last did not know the id it had given.
    op.execute(
        """
        CREATE TABLE sender.media_upload (
          organization_id uuid NOT NULL, sha256 bytea NOT NULL, phone_number_id text NOT NULL,
          meta_id text NOT NULL DEFAULT '', uploaded_at timestamptz, claimed_until timestamptz NOT NULL,
          doubted_at timestamptz,
          PRIMARY KEY (organization_id, sha256, phone_number_id)
        )
        """
    )
    # Whose contacts' files are taken from Meta: none without a row.
    op.execute(
        """
        CREATE TABLE sender.media_policy (
          organization_id uuid PRIMARY KEY, max_bytes bigint NOT NULL, kinds text[] NOT NULL
        )
        """
    )
    # A contact's file, under the id that the message's event makes.
    op.execute(
        """
        CREATE TABLE sender.received_media (
          organization_id uuid NOT NULL, media_id uuid NOT NULL,
          lane_id uuid NOT NULL, phone_number_id text NOT NULL, meta_id text NOT NULL,
          kind text NOT NULL, mime_type text NOT NULL, announced_sha256 text NOT NULL,
          state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'stored', 'refused', 'expired')),
          reason text NOT NULL DEFAULT '', size bigint NOT NULL DEFAULT 0, sha256 bytea NOT NULL DEFAULT '',
          object_key text NOT NULL DEFAULT '', received_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, media_id)
        )
        """
    )
    op.execute("CREATE INDEX received_media_lane ON sender.received_media (organization_id, lane_id)")
    op.execute("CREATE INDEX received_media_age ON sender.received_media (organization_id, received_at)")
    # Which of them is to be fetched next is asked before an organization is named.
    op.execute(
        """
        CREATE TABLE sender.received_media_due (
          organization_id uuid NOT NULL, media_id uuid NOT NULL, due_at timestamptz NOT NULL DEFAULT now(),
          attempts int NOT NULL DEFAULT 0,
          PRIMARY KEY (organization_id, media_id)
        )
        """
    )
    op.execute("CREATE INDEX received_media_due_at ON sender.received_media_due (due_at)")
