"""The REST API: one module per resource, shapes in models.py."""

from services.ingress.http.rest.conversations import conversation_routes
from services.ingress.http.rest.flows import flow_routes
from services.ingress.http.rest.privacy import privacy_routes

__all__ = ["conversation_routes", "flow_routes", "privacy_routes"]
