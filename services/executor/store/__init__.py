"""All SQL of executor."""

from services.executor.store.boxes import INBOX, OUTBOX, RECORDS
from services.executor.store.flows import PostgresFlows
from services.executor.store.migrating import ANY_MIGRATION_DUE, PostgresMigrations
from services.executor.store.privacy import PostgresPrivacy
from services.executor.store.recordings import PostgresRecordings
from services.executor.store.states import ANY_TIMER_DUE, PostgresStates
from services.executor.store.versions import PostgresVersions

__all__ = [
    "ANY_MIGRATION_DUE",
    "ANY_TIMER_DUE",
    "INBOX",
    "OUTBOX",
    "RECORDS",
    "PostgresFlows",
    "PostgresMigrations",
    "PostgresPrivacy",
    "PostgresRecordings",
    "PostgresStates",
    "PostgresVersions",
]
