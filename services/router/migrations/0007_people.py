"""router: what people say of contacts and conversations."""

from alembic import op

revision = "router_0007"
down_revision = "router_0006"


def upgrade() -> None:
    # What people call a contact; `name` is the WhatsApp profile's and comes with messages.
    op.execute("ALTER TABLE router.contact ADD COLUMN given_name text NOT NULL DEFAULT ''")
    # Lists alone name its condition, which holds for every contact: the road keeps to the primary key (decision 0017).
    op.execute(
        """
        CREATE INDEX contact_listed ON router.contact (organization_id, created_at, contact_id)
        WHERE created_at > '2000-01-01Z' AND merged_into IS NULL
        """
    )
    # `read_up_to` is the `last_inbound_at` that somebody saw. None of these changes with a message, so that a message's
    # update stays in its page.
    op.execute(
        """
        ALTER TABLE router.conversation
          ADD COLUMN tags text[] NOT NULL DEFAULT '{}', ADD COLUMN read_up_to timestamptz
        """
    )
    op.execute(
        """
        CREATE INDEX conversation_of_people ON router.conversation (organization_id, conversation_id)
        WHERE owner = 'person'
        """
    )
    op.execute(
        """
        CREATE TABLE router.conversation_note (
          organization_id uuid NOT NULL, note_id uuid NOT NULL,
          conversation_id uuid NOT NULL, contact_id uuid NOT NULL,
          author text NOT NULL, text text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, note_id),
          FOREIGN KEY (organization_id, conversation_id)
            REFERENCES router.conversation (organization_id, conversation_id),
          FOREIGN KEY (organization_id, contact_id) REFERENCES router.contact (organization_id, contact_id))
        """
    )
    op.execute("CREATE INDEX ON router.conversation_note (organization_id, conversation_id, created_at)")
    op.execute("CREATE INDEX ON router.conversation_note (organization_id, contact_id)")
