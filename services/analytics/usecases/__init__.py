"""What analytics does: record once, tell what was recorded, forget."""

from services.analytics.usecases.cursors import cursor_of
from services.analytics.usecases.dashboards import Dashboards, LocalPeriod
from services.analytics.usecases.privacy import Privacy
from services.analytics.usecases.recording import Kept, Outcome, Recording, Refused
from services.analytics.usecases.reports import MOST_CONVERSATIONS, Reports

__all__ = [
    "MOST_CONVERSATIONS",
    "Dashboards",
    "Kept",
    "LocalPeriod",
    "Outcome",
    "Privacy",
    "Recording",
    "Refused",
    "Reports",
    "cursor_of",
]
