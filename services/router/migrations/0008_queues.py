"""router: departments, queues, agents, and conversations among people."""

from alembic import op

revision = "router_0008"
down_revision = "router_0007"

TABLES = (
    """
    CREATE TABLE router.department (
      organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
      department_id uuid NOT NULL,
      name text NOT NULL,
      -- NULL: always open. {"timezone": …, "schedule": {"monday": ["08:00", "18:00"]}}
      business_hours jsonb,
      offline_message text NOT NULL,
      routing text NOT NULL CHECK (routing IN ('manual', 'round_robin', 'load_balance', 'skills_based')),
      max_conversations_per_agent int NOT NULL CHECK (max_conversations_per_agent >= 0),
      agent_ids uuid[] NOT NULL,
      is_active boolean NOT NULL,
      PRIMARY KEY (organization_id, department_id),
      UNIQUE (organization_id, name))
    """,
    """
    CREATE TABLE router.queue (
      organization_id uuid NOT NULL,
      queue_id uuid NOT NULL,
      department_id uuid NOT NULL,
      name text NOT NULL,
      priority int NOT NULL DEFAULT 50 CHECK (priority BETWEEN 0 AND 100),
      sla_minutes int NOT NULL CHECK (sla_minutes >= 0),
      -- NULL: as the department.
      routing text CHECK (routing IN ('manual', 'round_robin', 'load_balance', 'skills_based')),
      max_queue_size int NOT NULL CHECK (max_queue_size >= 0),
      overflow_queue_id uuid,
      allowed_agent_ids uuid[] NOT NULL,
      skills text[] NOT NULL,
      business_hours jsonb,
      is_active boolean NOT NULL,
      last_agent_id uuid,
      PRIMARY KEY (organization_id, queue_id),
      UNIQUE (organization_id, name),
      FOREIGN KEY (organization_id, department_id) REFERENCES router.department (organization_id, department_id),
      FOREIGN KEY (organization_id, overflow_queue_id) REFERENCES router.queue (organization_id, queue_id),
      CHECK (overflow_queue_id <> queue_id))
    """,
    """
    CREATE TABLE router.agent (
      organization_id uuid NOT NULL REFERENCES router.organization (organization_id),
      agent_id uuid NOT NULL,
      name text NOT NULL,
      skills text[] NOT NULL,
      capacity int NOT NULL CHECK (capacity >= 0),
      is_active boolean NOT NULL,
      presence text NOT NULL DEFAULT 'offline' CHECK (presence IN ('available', 'busy', 'away', 'offline')),
      -- What they say of themselves holds until then.
      present_until timestamptz,
      PRIMARY KEY (organization_id, agent_id))
    """,
    # Which organizations have queues, before the tenant is known: work is looked for in their names.
    """
    CREATE TABLE router.queue_owner (
      organization_id uuid PRIMARY KEY REFERENCES router.organization (organization_id))
    """,
    """
    CREATE TABLE router.queue_entry (
      organization_id uuid NOT NULL,
      entry_id uuid NOT NULL,
      conversation_id uuid NOT NULL,
      contact_id uuid NOT NULL,
      -- NULL: somebody took the conversation, or its queue is gone since it ended.
      queue_id uuid,
      state text NOT NULL CHECK (state IN ('ended', 'assigned', 'waiting')),
      priority int NOT NULL DEFAULT 50 CHECK (priority BETWEEN 0 AND 100),
      is_vip boolean NOT NULL,
      queued_at timestamptz NOT NULL,
      context text NOT NULL,
      -- Whether a flow handed it over, or executor was told of it before router; else executor is to be told.
      is_flows boolean NOT NULL,
      sla_due_at timestamptz,
      sla_alert_at timestamptz,
      sla_alerted_at timestamptz,
      -- Whether the contact is still to be told that nobody is there.
      is_notice_due boolean NOT NULL,
      agent_id uuid,
      assigned_at timestamptz,
      ended_at timestamptz,
      end_reason text NOT NULL DEFAULT '',
      PRIMARY KEY (organization_id, entry_id),
      FOREIGN KEY (organization_id, conversation_id) REFERENCES router.conversation (organization_id, conversation_id),
      FOREIGN KEY (organization_id, queue_id) REFERENCES router.queue (organization_id, queue_id),
      CHECK ((state = 'waiting') <= (queue_id IS NOT NULL AND agent_id IS NULL)),
      CHECK ((state = 'assigned') <= (agent_id IS NOT NULL)))
    """,
    # A conversation is among people once at a time.
    """
    CREATE UNIQUE INDEX queue_entry_open ON router.queue_entry (organization_id, conversation_id)
      WHERE state <> 'ended'
    """,
    # The order in which conversations are given away.
    """
    CREATE INDEX queue_entry_turn ON router.queue_entry
      (organization_id, queue_id, priority DESC, is_vip DESC, queued_at, entry_id) WHERE state = 'waiting'
    """,
    "CREATE INDEX queue_entry_agent ON router.queue_entry (organization_id, agent_id) WHERE state = 'assigned'",
    # Of one queue, for whoever would remove it.
    "CREATE INDEX queue_entry_queue ON router.queue_entry (queue_id)",
    # The history, newest first. Not of all entries: see contact_identity_contact.
    "CREATE INDEX queue_entry_time ON router.queue_entry (organization_id, queued_at) WHERE state = 'ended'",
    # As contact_identity_contact.
    "CREATE INDEX queue_entry_contact ON router.queue_entry (contact_id)",
    """
    CREATE INDEX queue_entry_alert ON router.queue_entry (sla_alert_at)
      WHERE state = 'waiting' AND sla_alerted_at IS NULL
    """,
    "CREATE INDEX queue_entry_notice ON router.queue_entry (organization_id) WHERE is_notice_due",
    # What happened to an entry: overflows, alerts, who gave it to whom and why.
    """
    CREATE TABLE router.queue_change (
      organization_id uuid NOT NULL,
      entry_id uuid NOT NULL,
      change_id bigint GENERATED ALWAYS AS IDENTITY,
      contact_id uuid NOT NULL,
      at timestamptz NOT NULL,
      kind text NOT NULL,
      from_queue_id uuid,
      queue_id uuid,
      agent_id uuid,
      actor text NOT NULL,
      reason text NOT NULL,
      PRIMARY KEY (organization_id, entry_id, change_id),
      FOREIGN KEY (organization_id, entry_id) REFERENCES router.queue_entry (organization_id, entry_id))
    """,
    "CREATE INDEX queue_change_contact ON router.queue_change (contact_id)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
