"""The rights of people who wrote: erasure, export, retention, over all rooms."""

from services.ingress.privacy.exports import Exports
from services.ingress.privacy.requests import Requests
from services.ingress.privacy.work import Work

__all__ = ["Exports", "Requests", "Work"]
