"""All SQL of executor."""

from services.executor.store.boxes import INBOX, OUTBOX, RECORDS
from services.executor.store.flows import PostgresFlows
from services.executor.store.privacy import PostgresPrivacy
from services.executor.store.states import ANY_TIMER_DUE, PostgresStates

__all__ = ["ANY_TIMER_DUE", "INBOX", "OUTBOX", "RECORDS", "PostgresFlows", "PostgresPrivacy", "PostgresStates"]
