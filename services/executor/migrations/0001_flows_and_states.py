"""executor: lanes in and out, flows and versions, conversation states, timers."""

from alembic import op

from services.chassis.queue import create_box
from services.executor.store.boxes import INBOX, OUTBOX, RECORDS

revision = "executor_0001"
down_revision = None


def upgrade() -> None:
    for box in (INBOX, OUTBOX, RECORDS):
        for statement in create_box(box):
            op.execute(statement)
    op.execute(
        """
        CREATE TABLE executor.flow (
          organization_id uuid NOT NULL, flow_id uuid NOT NULL,
          name text NOT NULL, draft bytea NOT NULL, draft_digest text NOT NULL,
          published_version int NOT NULL DEFAULT 0, published_digest text NOT NULL DEFAULT '',
          created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, flow_id), UNIQUE (organization_id, name)
        )
        """
    )
    # Versions are immutable: svc_executor has no UPDATE on them. The document comes back byte for byte.
    op.execute(
        """
        CREATE TABLE executor.flow_version (
          organization_id uuid NOT NULL, flow_id uuid NOT NULL, version int NOT NULL,
          document bytea NOT NULL, digest text NOT NULL, published_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, flow_id, version),
          FOREIGN KEY (organization_id, flow_id) REFERENCES executor.flow (organization_id, flow_id) ON DELETE CASCADE
        )
        """
    )
    # A conversation is a contact at a number; a flow has at most one state in it, and at most one state is active.
    # phone_number may be missing since 2026, so it is a column and a filter, never a key.
    op.execute(
        """
        CREATE TABLE executor.conversation_states (
          organization_id uuid NOT NULL, id uuid NOT NULL,
          conversation_id uuid NOT NULL, contact_id uuid NOT NULL,
          phone_number varchar(20) NOT NULL DEFAULT '', user_id text NOT NULL DEFAULT '',
          flow_id uuid NOT NULL, flow_version int NOT NULL,
          current_node_id varchar(255),
          variables jsonb NOT NULL DEFAULT '{}', execution_path jsonb NOT NULL DEFAULT '[]',
          is_active bool NOT NULL DEFAULT true,
          session jsonb NOT NULL DEFAULT '{}', messages_count int NOT NULL DEFAULT 0, closed_at timestamptz,
          last_message_at timestamptz NOT NULL, session_expires_at timestamptz NOT NULL,
          created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
          revision bigint NOT NULL,
          PRIMARY KEY (organization_id, id),
          UNIQUE (organization_id, conversation_id, flow_id),
          FOREIGN KEY (organization_id, flow_id) REFERENCES executor.flow (organization_id, flow_id) ON DELETE CASCADE
        ) WITH (fillfactor = 70)
        """
    )
    op.execute("CREATE INDEX ON executor.conversation_states (organization_id, phone_number)")
    op.execute("CREATE INDEX ON executor.conversation_states (organization_id, flow_id, is_active)")
    op.execute("CREATE INDEX ON executor.conversation_states (organization_id, last_message_at DESC)")
    op.execute(
        """
        CREATE UNIQUE INDEX one_active_state ON executor.conversation_states (organization_id, conversation_id)
        WHERE is_active
        """
    )
    # Ids and times only: firing is an enqueue with event id timer:<kind>:<scope>:<fire_at>.
    op.execute(
        """
        CREATE TABLE executor.timer (
          organization_id uuid NOT NULL, lane_id uuid NOT NULL, kind text NOT NULL, scope uuid NOT NULL,
          fire_at timestamptz NOT NULL,
          PRIMARY KEY (organization_id, lane_id, kind, scope)
        )
        """
    )
    op.execute("CREATE INDEX ON executor.timer (fire_at)")
