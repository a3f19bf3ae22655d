"""executor: the lists' indexes serve lists only (as sender_0003).

On a table too young for statistics the planner took them, by the organization alone, for a conversation's own key.
"""

from alembic import op

revision = "executor_0003"
down_revision = "executor_0002"

INDEXES = {
    "phone_number": "organization_id, phone_number",
    "flow_id_is_active": "organization_id, flow_id, is_active",
    "last_message_at": "organization_id, last_message_at DESC",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.execute(f"DROP INDEX executor.conversation_states_organization_id_{name}_idx")
        op.execute(
            f"CREATE INDEX conversation_states_{name}_list_idx ON executor.conversation_states ({columns}) "
            "WHERE created_at > '2000-01-01Z'"
        )
