"""The only package that talks to the Graph API: a lean HTTP/1.1 client of our own (docs/decisions/0013)."""

from services.sender.graph.api import GraphApi, retry_after
from services.sender.graph.endpoint import Endpoint
from services.sender.graph.media import GraphMedia

__all__ = ["Endpoint", "GraphApi", "GraphMedia", "retry_after"]
