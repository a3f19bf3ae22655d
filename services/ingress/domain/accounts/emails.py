"""E-mail addresses as keys: one person, one form."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

LONGEST = 254
_LONGEST_LOCAL = 64
_SHAPE = re.compile(r"[^@\s\x00-\x1f\x7f<>(),;:\\\"\[\]]+@[^@\s\x00-\x1f\x7f<>(),;:\\\"\[\]]+")


def normal_email(text: str) -> str:
    """The form that is stored and compared: trimmed, NFKC, lower case. Raises ValueError with the mend.

    Letters of the part before @ are folded too: RFC 5321 lets hosts tell them apart, none that people use does.
    """
    email = unicodedata.normalize("NFKC", text.strip()).lower()
    local, _, host = email.rpartition("@")
    if not _SHAPE.fullmatch(email) or host.startswith(".") or host.endswith(".") or ".." in host:
        raise ValueError("must be an e-mail address such as ana@example.com")
    try:
        length = len(email.encode())
    except UnicodeEncodeError:
        raise ValueError("must be an e-mail address without broken characters") from None
    if length > LONGEST or len(local.encode()) > _LONGEST_LOCAL:
        raise ValueError(f"must have at most {LONGEST} bytes, {_LONGEST_LOCAL} of them before the @")
    return email


def email_hash(email: str) -> bytes:
    """Under what the directory of logins knows a normal e-mail: it holds no address in clear."""
    return sha256(email.encode()).digest()
