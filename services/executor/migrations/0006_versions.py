"""executor: versions say who published them and why, flows can be archived, people are taken along to new versions."""

from alembic import op

revision = "executor_0006"
down_revision = "executor_0005"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE executor.flow_version
          ADD COLUMN author text NOT NULL DEFAULT '', ADD COLUMN note text NOT NULL DEFAULT '',
          ADD COLUMN rollback_of int NOT NULL DEFAULT 0
        """
    )
    op.execute("ALTER TABLE executor.flow ADD COLUMN archived_at timestamptz")
    # How people of versions before this one are taken along to it. `place` is the conversation up to which they have
    # been looked at; `node_ids` and `variables` are the version's own, so that a statement alone can move people.
    # Archiving a flow takes people out of it in the same way, as if to the version that would come next.
    op.execute(
        """
        CREATE TABLE executor.flow_migration (
          organization_id uuid NOT NULL, flow_id uuid NOT NULL, version int NOT NULL,
          policy text NOT NULL CHECK (policy = ANY (ARRAY['move', 'restart', 'end'])),
          moves jsonb NOT NULL, node_ids text[] NOT NULL, variables jsonb NOT NULL,
          place uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000', people_moved int NOT NULL DEFAULT 0,
          begun_at timestamptz NOT NULL DEFAULT now(), done_at timestamptz,
          PRIMARY KEY (organization_id, flow_id, version),
          FOREIGN KEY (organization_id, flow_id) REFERENCES executor.flow (organization_id, flow_id) ON DELETE CASCADE
        )
        """
    )
    # Which of them are not done, and when each is gone on with: looked for before an organization is named.
    op.execute(
        """
        CREATE TABLE executor.flow_migration_due (
          organization_id uuid NOT NULL, flow_id uuid NOT NULL, version int NOT NULL,
          due_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, flow_id, version),
          FOREIGN KEY (organization_id, flow_id, version)
            REFERENCES executor.flow_migration (organization_id, flow_id, version) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX ON executor.flow_migration_due (due_at)")
