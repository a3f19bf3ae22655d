"""google.protobuf.FieldMask: which fields of a request are meant."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from services.chassis.errors import InvalidArgument


def fields_meant(request: Any, *names: str) -> Collection[str]:
    """Of these fields those that update_mask names; without a mask those that are not empty (AIP-134).

    Raises InvalidArgument for a name that is none of them.
    """
    paths = list(request.update_mask.paths)
    if not paths:
        return [name for name in names if getattr(request, name)]
    for path in paths:
        if path not in names:
            raise InvalidArgument(f"update_mask names {path[:60]!r}; use {', '.join(names)}")
    return paths
