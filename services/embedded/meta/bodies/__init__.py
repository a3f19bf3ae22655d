"""What a business posts, checked as Meta checks it."""

from .request import MarkRead, Override, Send, read_object, read_override, read_request

__all__ = ["MarkRead", "Override", "Send", "read_object", "read_override", "read_request"]
