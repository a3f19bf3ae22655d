"""protobuf ⇄ domain for Recording, Reports and Privacy."""

from services.analytics.server.privacy import PrivacyServer
from services.analytics.server.recording import RecordingServer
from services.analytics.server.reports import ReportsServer

__all__ = ["PrivacyServer", "RecordingServer", "ReportsServer"]
