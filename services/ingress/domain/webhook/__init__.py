"""Meta's webhook bodies, turned into events: one POST in, events in document order out."""

from .document import MalformedBody
from .envelope import parse_webhook
from .event import Event

__all__ = ["Event", "MalformedBody", "parse_webhook"]
