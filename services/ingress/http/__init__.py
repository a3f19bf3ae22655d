"""ingress' HTTP side: the webhook as a plain route ahead of everything, the REST API behind it."""

from services.ingress.http.body import Bodies
from services.ingress.http.listener import HttpServer
from services.ingress.http.site import ForPeople, build_site
from services.ingress.http.webhook import WebhookEndpoint

__all__ = ["Bodies", "ForPeople", "HttpServer", "WebhookEndpoint", "build_site"]
