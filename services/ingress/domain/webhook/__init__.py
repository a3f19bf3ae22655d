"""Meta's webhook bodies, turned into events: one POST in, events in document order out."""

from .change import NAMES_NO_NUMBER
from .document import MalformedBody
from .envelope import parse_webhook, read_webhook
from .event import Event
from .news import NumberNews, TemplateNews

__all__ = ["NAMES_NO_NUMBER", "Event", "MalformedBody", "NumberNews", "TemplateNews", "parse_webhook", "read_webhook"]
