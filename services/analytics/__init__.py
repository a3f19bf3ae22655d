"""analytics records.

Does: keeps what happened in conversations, once per record, and counts it in the same transaction.
Owns: conversation_logs (never changed, removed for people's rights alone; partitioned by month) and the counts per
conversation, flow and node.
Never does: anything on the path of a reply; nobody waits for it but whoever reads reports.
"""
