"""All SQL of executor."""

from services.executor.store.boxes import INBOX, OUTBOX, RECORDS
from services.executor.store.flows import PostgresFlows
from services.executor.store.states import PostgresStates

__all__ = ["INBOX", "OUTBOX", "RECORDS", "PostgresFlows", "PostgresStates"]
