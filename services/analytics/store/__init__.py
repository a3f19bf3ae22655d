"""All SQL of analytics: the log, what is counted of it, reports, and what is kept of people."""

from services.analytics.store.dashboards import PostgresDashboards
from services.analytics.store.privacy import PostgresPrivacy
from services.analytics.store.records import PostgresStore
from services.analytics.store.reports import PostgresReports

__all__ = ["PostgresDashboards", "PostgresPrivacy", "PostgresReports", "PostgresStore"]
