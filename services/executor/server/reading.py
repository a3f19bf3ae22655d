"""What every service of executor reads alike."""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import UUID

from grpc import aio

from services.chassis.errors import InvalidArgument

Context: TypeAlias = aio.ServicerContext[Any, Any]


def uuid_of(text: str, field: str) -> UUID:
    """The id in a field. Raises InvalidArgument."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument(f"{field} is {text!r}; it must be a UUID") from None
