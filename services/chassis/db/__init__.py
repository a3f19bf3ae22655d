"""Postgres for every room: pool, transactions that name their organizations, statements in few journeys."""

from services.chassis.db.database import (
    Database,
    Transaction,
    fetch_all,
    fetch_one,
    is_fenced,
    rescoping,
    run,
    run_counted,
)
from services.chassis.db.pipeline import Connection, Rows, Step, run_steps
from services.chassis.db.query import Query, Values

__all__ = [
    "Connection",
    "Database",
    "Query",
    "Rows",
    "Step",
    "Transaction",
    "Values",
    "fetch_all",
    "fetch_one",
    "is_fenced",
    "rescoping",
    "run",
    "run_counted",
    "run_steps",
]
