"""Texts as they are compared."""

from __future__ import annotations

import unicodedata


def normal(text: str) -> str:
    """A text as keywords are compared: trimmed, without regard to case, one code point sequence per letter."""
    return unicodedata.normalize("NFC", text.strip().casefold())
