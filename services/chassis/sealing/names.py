"""Knowing a name again that is not kept."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from uuid import UUID

from services.chassis.sealing.sealer import KEY_BYTES


@dataclass(frozen=True, slots=True)
class NameHasher:
    """HMAC-SHA256 of names under a key, so that nobody without it can try all phone numbers."""

    key: bytes

    @classmethod
    def from_text(cls, text: str) -> NameHasher:
        """Read a base64 key. Raises ValueError with the mend."""
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ValueError(f"TOMBSTONE_KEY must be base64 of {KEY_BYTES} bytes: `openssl rand -base64 {KEY_BYTES}`")
        return cls(key)

    def hash_of(self, organization_id: UUID, kind: str, value: str) -> bytes:
        """32 bytes for a name of this kind in this organization. Raises UnicodeEncodeError for a lone surrogate."""
        return hmac.digest(self.key, organization_id.bytes + f"{kind}:{value}".encode(), "sha256")
