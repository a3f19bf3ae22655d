"""The REST API: one module per resource, shapes in models.py."""

from services.ingress.http.rest.audit import audit_routes
from services.ingress.http.rest.conversations import conversation_routes
from services.ingress.http.rest.flows import flow_routes

__all__ = ["audit_routes", "conversation_routes", "flow_routes"]
