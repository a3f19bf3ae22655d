"""sender delivers: Graph API calls with limits, retries and settled doubts.

Does: sends what it is given, each conversation in its order, finds out what became of it, and tells who asked.
Owns: access tokens of numbers, outbound messages, their ids at Meta and their statuses, webhooks of organizations.
Never does: decide what to say, or send again while a status may still settle a doubt.
"""
