"""executor: a conversation's states have one key, and the lists' indexes serve lists only (as sender_0003).

With many organizations, or on a young table, the planner thinks that an organization has one row: then every index
that begins with the organization looks alike to it, and it may read the tenant for each conversation. What the road
looks up has one index that fits; id follows from conversation and flow.
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
    op.execute(
        """
        ALTER TABLE executor.conversation_states
          DROP CONSTRAINT conversation_states_pkey,
          DROP CONSTRAINT conversation_states_organization_id_conversation_id_flow_id_key,
          ADD PRIMARY KEY (organization_id, conversation_id, flow_id)
        """
    )
