"""Organizations, numbers, chatbots, triggers, contacts and conversations."""

from alembic import op

revision = "router_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE router.organization (
      organization_id uuid PRIMARY KEY,
      name text NOT NULL UNIQUE,
      fallback_flow_id uuid,
      time_zone text NOT NULL,
      -- Grows with every change of anything the organization set up, in the same transaction: caches compare it.
      config_version bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now())
    """,
    # Whose a number is, before the tenant is known. The key holds over all organizations.
    """
    CREATE TABLE router.number_directory (
      phone_number_id text PRIMARY KEY,
      organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
      UNIQUE (organization_id, phone_number_id))
    """,
    """
    CREATE TABLE router.chatbot (
      organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
      chatbot_id uuid NOT NULL,
      name text NOT NULL,
      main_flow_id uuid,
      is_active boolean NOT NULL,
      PRIMARY KEY (organization_id, chatbot_id),
      UNIQUE (organization_id, name))
    """,
    """
    CREATE TABLE router.number (
      organization_id uuid NOT NULL,
      phone_number_id text NOT NULL,
      display_phone_number text NOT NULL,
      chatbot_id uuid,
      default_flow_id uuid,
      app text NOT NULL DEFAULT '',
      is_active boolean NOT NULL,
      PRIMARY KEY (organization_id, phone_number_id),
      FOREIGN KEY (organization_id, phone_number_id)
        REFERENCES router.number_directory (organization_id, phone_number_id),
      FOREIGN KEY (organization_id, chatbot_id) REFERENCES router.chatbot (organization_id, chatbot_id))
    """,
    """
    CREATE TABLE router.keyword_trigger (
      organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
      position int NOT NULL,
      keyword text NOT NULL,
      match text NOT NULL CHECK (match IN ('exact', 'contains', 'starts_with')),
      flow_id uuid NOT NULL,
      phone_number_id text,
      PRIMARY KEY (organization_id, position),
      FOREIGN KEY (organization_id, phone_number_id) REFERENCES router.number (organization_id, phone_number_id))
    """,
    # wa_id, user_id and parent_user_id are the newest ones known; contact_identity has all of them.
    """
    CREATE TABLE router.contact (
      organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
      contact_id uuid NOT NULL,
      name text NOT NULL,
      wa_id text NOT NULL,
      user_id text NOT NULL,
      parent_user_id text NOT NULL,
      merged_into uuid,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (organization_id, contact_id),
      FOREIGN KEY (organization_id, merged_into) REFERENCES router.contact (organization_id, contact_id),
      CHECK (merged_into <> contact_id))
    """,
    """
    CREATE INDEX contact_merged_into ON router.contact (organization_id, merged_into) WHERE merged_into IS NOT NULL
    """,
    """
    CREATE TABLE router.contact_identity (
      organization_id uuid NOT NULL,
      kind text NOT NULL CHECK (kind IN ('wa_id', 'user_id', 'parent_user_id')),
      value text NOT NULL,
      contact_id uuid NOT NULL,
      linked_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (organization_id, kind, value),
      FOREIGN KEY (organization_id, contact_id) REFERENCES router.contact (organization_id, contact_id))
    """,
    # Not led by organization_id: while statistics are young, the planner would take any index led by it for a look-up
    # by identity (row-level security names organization_id in every query) and read the whole tenant.
    "CREATE INDEX contact_identity_contact ON router.contact_identity (contact_id)",
    # Every message updates a row; no changing column is in an index, so that updates stay in the page (HOT).
    """
    CREATE TABLE router.conversation (
      organization_id uuid NOT NULL,
      conversation_id uuid NOT NULL,
      contact_id uuid NOT NULL,
      phone_number_id text NOT NULL,
      owner text NOT NULL DEFAULT 'bot' CHECK (owner IN ('bot', 'person')),
      owner_changed_at timestamptz,
      last_inbound_at timestamptz NOT NULL,
      window_expires_at timestamptz,
      PRIMARY KEY (organization_id, conversation_id),
      UNIQUE (organization_id, contact_id, phone_number_id),
      FOREIGN KEY (organization_id, contact_id) REFERENCES router.contact (organization_id, contact_id),
      FOREIGN KEY (organization_id, phone_number_id) REFERENCES router.number (organization_id, phone_number_id)
    ) WITH (fillfactor = 80)
    """,
)


def upgrade() -> None:
    """Create all tables of the room."""
    for statement in TABLES:
        op.execute(statement)
