"""pywce: a map of stages, its triggers, what its visual builder exports, and WhatsApp forms beside them."""

from services.executor.domain.importers.pywce.read import dialect_of, read

__all__ = ["dialect_of", "read"]
