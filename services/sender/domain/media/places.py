"""Under which names files are kept."""

from __future__ import annotations

from uuid import UUID

_OWN = "own"


def object_key(organization_id: UUID, lane_id: UUID | None, sha256: bytes) -> str:
    """The name of a file: who it belongs to, its conversation (or none: the organization's own), what it holds.

    Nothing a contact chose is in it (no file name, no id of Meta's), so nothing in it can lead elsewhere. A file that
    comes twice in a conversation is kept once; in two conversations twice, so that either can be erased alone.
    """
    return f"{organization_id}/{_OWN if lane_id is None else lane_id}/{sha256.hex()}"
