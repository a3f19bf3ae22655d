"""All SQL of departments, queues and agents.

Whoever locks several things locks them in this order, so that no two wait for each other: audit log, queues, agents,
conversations, entries. Pulling and routing skip what others hold, and wait for an agent's row at most.
"""

from services.router.store.queues.agents_log import PostgresAgentsLog
from services.router.store.queues.entries import PostgresEntries
from services.router.store.queues.setup import PostgresQueues
from services.router.store.queues.telling import PostgresDeskBook
from services.router.store.queues.work import PostgresQueueWork

__all__ = ["PostgresAgentsLog", "PostgresDeskBook", "PostgresEntries", "PostgresQueueWork", "PostgresQueues"]
