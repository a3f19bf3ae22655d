"""All SQL of analytics: the log, what is counted of it, reports, and what is kept of people."""

from services.analytics.store.privacy import PostgresPrivacy
from services.analytics.store.records import PostgresStore
from services.analytics.store.reports import PostgresReports

__all__ = ["PostgresPrivacy", "PostgresReports", "PostgresStore"]
