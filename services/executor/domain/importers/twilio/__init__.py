"""Twilio Studio: a flow of widgets (states) and transitions, with texts in Liquid."""

from services.executor.domain.importers.twilio.read import dialect_of, read

__all__ = ["dialect_of", "read"]
