"""sender: files that organizations send, their pieces while they come, and Meta's ids of them."""

from alembic import op

revision = "sender_0010"
down_revision = "sender_0008"


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
    # An id of Meta's is one number's. Whoever holds the claim uploads; nobody else does meanwhile.
    op.execute(
        """
        CREATE TABLE sender.media_upload (
          organization_id uuid NOT NULL, sha256 bytea NOT NULL, phone_number_id text NOT NULL,
          meta_id text NOT NULL DEFAULT '', uploaded_at timestamptz, claimed_until timestamptz NOT NULL,
          PRIMARY KEY (organization_id, sha256, phone_number_id)
        )
        """
    )
