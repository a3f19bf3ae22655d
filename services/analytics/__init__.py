"""analytics records.

Does: keeps what happened in conversations, once per record, and counts it in the same transaction.
Owns: conversation_logs (never changed, removed for people's rights alone; partitioned by month), the counts per
conversation, and the rollups by day that reports read.
Never does: anything on the path of a reply; nobody waits for it but whoever reads reports.
"""
