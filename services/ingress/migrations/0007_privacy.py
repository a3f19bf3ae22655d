"""ingress: erasures and retention, one job at a time."""

from alembic import op

from services.chassis.queue.receipts import create_receipts

revision = "ingress_0007"
down_revision = "ingress_0006"


def upgrade() -> None:
    # `task` says whom or what it is about and is emptied at the end; `report` never holds anything personal.
    op.execute(
        """
        CREATE TABLE ingress.privacy_job (
          organization_id uuid NOT NULL, job_id uuid NOT NULL,
          kind text NOT NULL CHECK (kind IN ('erasure', 'export', 'retention')),
          state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
          requested_by text NOT NULL DEFAULT '', requested_at timestamptz NOT NULL DEFAULT now(),
          finished_at timestamptz,
          task jsonb NOT NULL DEFAULT '{}', report jsonb NOT NULL DEFAULT '{}',
          PRIMARY KEY (organization_id, job_id),
          CHECK (state = 'open' OR task = '{}')
        )
        """
    )
    op.execute("CREATE INDEX privacy_job_open_idx ON ingress.privacy_job (organization_id) WHERE state = 'open'")
    op.execute("CREATE INDEX privacy_job_list_idx ON ingress.privacy_job (organization_id, requested_at)")
    # Ids and times only: asked before an organization is named. `due_at` of a held job is the end of its lease.
    op.execute(
        """
        CREATE TABLE ingress.privacy_due (
          organization_id uuid NOT NULL, job_id uuid NOT NULL,
          due_at timestamptz NOT NULL DEFAULT now(), lease uuid,
          PRIMARY KEY (organization_id, job_id)
        )
        """
    )
    op.execute("CREATE INDEX privacy_due_at_idx ON ingress.privacy_due (due_at)")
    for statement in create_receipts("ingress"):
        op.execute(statement)
