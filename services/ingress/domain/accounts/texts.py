"""Secrets as texts: each kind has a prefix, so that people and scanners know one when they see it.

Refresh and invitation tokens hold their organization, since they come before anybody has said which it is; the rest of
them is chance, and only their SHA-256 is stored (32 random bytes need no slow hash).
"""

from __future__ import annotations

import base64
import binascii
import re
from hashlib import sha256
from uuid import UUID

SECRET_BYTES = 32
KEY_PREFIX, REFRESH_PREFIX, INVITATION_PREFIX = "ptk_", "ptr_", "pti_"
_OWN_KEY = re.compile(r"[A-Za-z0-9_~+/=-]{20,200}")
_LONGEST = 512


def digest(text: str) -> bytes:
    """What is stored of a secret. A text that cannot be written as UTF-8 is nobody's secret."""
    return sha256(text.encode(errors="surrogatepass")).digest()


def key_text(key_id: UUID, secret: bytes) -> str:
    """An API key: ptk_<key id>_<secret>."""
    return f"{KEY_PREFIX}{key_id.hex}_{_base64(secret)}"


def check_own_key(text: str) -> str:
    """A key's text that the operator chose. Raises ValueError with the mend; it never repeats the text."""
    if not _OWN_KEY.fullmatch(text):
        # No dots: a text with two of them is read as a JWT.
        raise ValueError("must be 20 to 200 letters, digits and _ - ~ + / = only; make it at random")
    return text


def is_key_text(text: str) -> bool:
    """Whether a bearer's text can be an API key: a JWT has dots, a key has none."""
    return bool(_OWN_KEY.fullmatch(text))


def bound_text(prefix: str, organization_id: UUID, secret: bytes) -> str:
    """A token that names its organization."""
    return prefix + _base64(organization_id.bytes + secret)


def organization_of(prefix: str, text: str) -> UUID | None:
    """The organization a token names; None when it is no token of this kind."""
    if not text.startswith(prefix) or len(text) > _LONGEST:
        return None
    body = text[len(prefix) :]
    try:
        decoded = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=decoded[:16]) if len(decoded) == 16 + SECRET_BYTES else None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
