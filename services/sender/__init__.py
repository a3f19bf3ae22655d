"""sender delivers: Graph API calls with limits, retries and settled doubts.

Owns credentials, outbound messages and their statuses. Never decides what to say.
"""
