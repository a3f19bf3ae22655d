"""google.protobuf.FieldMask: which fields of a request are meant."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from services.chassis.errors import InvalidArgument


def fields_meant(request: Any, *names: str) -> Collection[str]:
    """Of these fields those that update_mask names; without a mask those that are not empty (AIP-134).

    Raises InvalidArgument for a name that is none of them.
    """
    paths = list(request.update_mask.paths)
    return _known(paths, names) if paths else [name for name in names if getattr(request, name)]


def fields_meant_of(form: Any, update_mask: FieldMask, *names: str) -> Collection[str]:
    """The same of a message of its own in the request."""
    paths = list(update_mask.paths)
    return _known(paths, names) if paths else [field.name for field, _ in form.ListFields() if field.name in names]


def _known(paths: Collection[str], names: Collection[str]) -> Collection[str]:
    for path in paths:
        if path not in names:
            raise InvalidArgument(f"update_mask names {path[:60]!r}; use {', '.join(names)}")
    return paths
