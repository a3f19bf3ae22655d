"""What a business posts to /{PHONE_NUMBER_ID}/messages, checked as Meta checks it."""

from .request import MarkRead, Send, read_request

__all__ = ["MarkRead", "Send", "read_request"]
