"""All SQL of router. Statements are set-based; keys are sorted before they lock, so that batches cannot deadlock."""

from services.router.store.audiences import PostgresAudiences
from services.router.store.conversations import PostgresConversations
from services.router.store.directory import PostgresDirectory
from services.router.store.inbox import PostgresInbox
from services.router.store.orders import PostgresOrders
from services.router.store.people import PostgresPeople
from services.router.store.privacy import PostgresPrivacy
from services.router.store.queues import (
    PostgresAgentsLog,
    PostgresDeskBook,
    PostgresEntries,
    PostgresQueues,
    PostgresQueueWork,
)
from services.router.store.routing import PostgresRouting

__all__ = [
    "PostgresAgentsLog",
    "PostgresAudiences",
    "PostgresConversations",
    "PostgresDeskBook",
    "PostgresDirectory",
    "PostgresEntries",
    "PostgresInbox",
    "PostgresOrders",
    "PostgresPeople",
    "PostgresPrivacy",
    "PostgresQueueWork",
    "PostgresQueues",
    "PostgresRouting",
]
