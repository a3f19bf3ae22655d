"""All SQL of executor."""

from services.executor.store.boxes import EFFECTS, INBOX, NOTICES, OUTBOX, RECORDS
from services.executor.store.effects import PostgresEffects
from services.executor.store.flows import PostgresFlows
from services.executor.store.hands import PostgresHands
from services.executor.store.migrating import ANY_MIGRATION_DUE, PostgresMigrations
from services.executor.store.privacy import PostgresPrivacy
from services.executor.store.recordings import PostgresRecordings
from services.executor.store.secrets import SEALED, PostgresSecrets
from services.executor.store.starting import Starting
from services.executor.store.states import ANY_TIMER_DUE, PostgresStates
from services.executor.store.versions import PostgresVersions

__all__ = [
    "ANY_MIGRATION_DUE",
    "ANY_TIMER_DUE",
    "EFFECTS",
    "INBOX",
    "NOTICES",
    "OUTBOX",
    "RECORDS",
    "SEALED",
    "PostgresEffects",
    "PostgresFlows",
    "PostgresHands",
    "PostgresMigrations",
    "PostgresPrivacy",
    "PostgresRecordings",
    "PostgresSecrets",
    "PostgresStates",
    "PostgresVersions",
    "Starting",
]
