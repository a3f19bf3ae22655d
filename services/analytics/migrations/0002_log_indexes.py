"""The log keeps only the index that a query reads: the messages of a contact, for its transcript."""

from alembic import op

revision = "analytics_0002"
down_revision = "analytics_0001"


def upgrade() -> None:
    # No query asks for all records of a flow, and what is no message has no place in a transcript: two of an answered
    # message's five records stay in an index beside the key. While it is made, records wait with their senders.
    op.execute(
        "CREATE INDEX conversation_logs_messages ON analytics.conversation_logs"
        " (organization_id, phone_number, occurred_at DESC) WHERE kind IN ('contact_message', 'bot_message')"
    )
    op.execute("DROP INDEX analytics.conversation_logs_organization_id_flow_id_occurred_at_idx")
    op.execute("DROP INDEX analytics.conversation_logs_organization_id_phone_number_occurred_at_idx")
