"""RapidPro and Glific: definitions of version 13 and newer."""

from services.executor.domain.importers.rapidpro.read import dialect_of, read

__all__ = ["dialect_of", "read"]
