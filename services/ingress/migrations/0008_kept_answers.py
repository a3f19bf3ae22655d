"""ingress: answers that repeats get again."""

from alembic import op

revision = "ingress_0008"
down_revision = "ingress_0007"


def upgrade() -> None:
    # Without a status the request is being worked on. Rows live for a day, and go when a person is erased.
    op.execute(
        """
        CREATE TABLE ingress.kept_answer (
          organization_id uuid NOT NULL, key_hash bytea NOT NULL, request_hash bytea NOT NULL,
          lease uuid NOT NULL, begun_at timestamptz NOT NULL DEFAULT now(),
          status int, headers jsonb, body bytea,
          PRIMARY KEY (organization_id, key_hash)
        )
        """
    )
    op.execute("CREATE INDEX ON ingress.kept_answer (organization_id, begun_at)")
    # Ids only: who has any is asked before an organization is named.
    op.execute("CREATE TABLE ingress.kept_answer_owner (organization_id uuid PRIMARY KEY)")
