"""Typebot: exports of version 6, and of 3 to 5, which differ in little."""

from services.executor.domain.importers.typebot.read import dialect_of, read

__all__ = ["dialect_of", "read"]
