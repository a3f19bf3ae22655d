"""Secrets at rest: AES-256-GCM, bound to the row they belong to, with key ids for rotation.

Form: `key_id (4 bytes) || nonce (12 bytes) || ciphertext and tag`. The additional data names table, organization and
row, so a ciphertext copied to another row or tenant does not open (design: secrets at rest).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12


class SealBroken(Exception):
    """The value does not open: another row's, an unknown key's, or changed."""


def key_id_of(key: bytes) -> bytes:
    """The 4 bytes that name a key; they tell nothing of it."""
    return hashlib.sha256(b"pytake sealing key id" + key).digest()[:_ID_BYTES]


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals with the first key and opens with any; `keys` are 32 bytes each."""

    keys: tuple[bytes, ...]

    @classmethod
    def from_text(cls, text: str) -> Sealer:
        """Read comma-separated base64 keys, the active one first. Raises ValueError with the mend."""
        try:
            keys = tuple(base64.b64decode(part.strip(), validate=True) for part in text.split(",") if part.strip())
        except binascii.Error:
            raise ValueError("SEALING_KEYS must be base64, comma-separated, the active key first") from None
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"SEALING_KEYS needs at least one key, each of {KEY_BYTES} bytes before base64")
        return cls(keys)

    @property
    def key_ids(self) -> tuple[bytes, ...]:
        """The ids of all keys, the active one first."""
        return tuple(key_id_of(key) for key in self.keys)

    def seal(self, plain: str, *, table: str, organization_id: str, row: str) -> bytes:
        """Encrypt `plain` for one row."""
        nonce = os.urandom(_NONCE_BYTES)
        key = self.keys[0]
        sealed = AESGCM(key).encrypt(nonce, plain.encode(), _additional(table, organization_id, row))
        return key_id_of(key) + nonce + sealed

    def open(self, sealed: bytes, *, table: str, organization_id: str, row: str) -> str:
        """Decrypt what `seal` made for the same row. Raises SealBroken."""
        key_id, nonce, rest = sealed[:_ID_BYTES], sealed[_ID_BYTES:16], sealed[16:]
        for key in self.keys:
            if key_id_of(key) == key_id:
                try:
                    return AESGCM(key).decrypt(nonce, rest, _additional(table, organization_id, row)).decode()
                except (InvalidTag, ValueError):  # ValueError: cut short within the nonce
                    break
        raise SealBroken("a sealed value does not open; check SEALING_KEYS")


def _additional(table: str, organization_id: str, row: str) -> bytes:
    return "\x1f".join((table, organization_id, row)).encode()
