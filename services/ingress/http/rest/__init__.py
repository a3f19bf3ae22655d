"""The REST API: one module per resource, shapes in models.py and account_models.py."""

from services.ingress.http.rest.analytics import analytics_routes
from services.ingress.http.rest.api_keys import api_key_routes
from services.ingress.http.rest.audit import audit_routes
from services.ingress.http.rest.auth import denied
from services.ingress.http.rest.campaigns import campaign_routes
from services.ingress.http.rest.contacts import contact_routes
from services.ingress.http.rest.conversations import conversation_routes
from services.ingress.http.rest.dashboards import dashboard_routes
from services.ingress.http.rest.events import event_routes
from services.ingress.http.rest.exports import export_routes
from services.ingress.http.rest.flows import flow_routes
from services.ingress.http.rest.inbox import inbox_routes
from services.ingress.http.rest.invitations import invitation_routes
from services.ingress.http.rest.media import media_routes
from services.ingress.http.rest.messages import message_routes
from services.ingress.http.rest.privacy import privacy_routes
from services.ingress.http.rest.qrcodes import qrcode_routes
from services.ingress.http.rest.queues import queue_routes
from services.ingress.http.rest.sessions import session_routes
from services.ingress.http.rest.settings import chatbot_routes, number_routes, organization_routes
from services.ingress.http.rest.templates import template_routes
from services.ingress.http.rest.users import user_routes
from services.ingress.http.rest.webhooks import webhook_routes

__all__ = [
    "analytics_routes",
    "api_key_routes",
    "audit_routes",
    "campaign_routes",
    "chatbot_routes",
    "contact_routes",
    "conversation_routes",
    "dashboard_routes",
    "denied",
    "event_routes",
    "export_routes",
    "flow_routes",
    "inbox_routes",
    "invitation_routes",
    "media_routes",
    "message_routes",
    "number_routes",
    "organization_routes",
    "privacy_routes",
    "qrcode_routes",
    "queue_routes",
    "session_routes",
    "template_routes",
    "user_routes",
    "webhook_routes",
]
