"""Whom a token may be shown to, and whether a file that came is the one that was announced."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from urllib.parse import urlsplit

_SHA256_BYTES = 32
_SHA256_HEX = 64


class MediaRefused(Exception):
    """A file that is not taken, for good; its text says why."""


def is_allowed_source(url: str, hosts: Collection[str], own_origin: str) -> bool:
    """Whether a download may carry the token: https to one of `hosts`, or the Graph API itself (`own_origin`).

    Whatever another reader of URLs could read differently is refused: names and passwords, backslashes, other ports.
    """
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if f"{parts.scheme}://{parts.netloc}" == own_origin:
        return True
    return parts.scheme == "https" and parts.hostname in hosts and port in (None, 443)


def media_type(text: str) -> str:
    """A content type without its parameters, in small letters: audio/ogg of "audio/ogg; codecs=opus"."""
    return text.partition(";")[0].strip().lower()


def check_sha256(announced: str, found: bytes) -> None:
    """Compare with what Meta announced, in hexadecimal or base64; nothing announced is nothing to compare.

    Raises MediaRefused when the two differ, or when what was announced is no SHA-256.
    """
    if announced and _read_sha256(announced) != found:
        raise MediaRefused("the file's SHA-256 is not the one Meta announced")


def _read_sha256(text: str) -> bytes:
    try:
        if len(text) == _SHA256_HEX:
            return bytes.fromhex(text)
        # Meta's base64 may be of either alphabet, with or without its padding.
        plain = text.replace("-", "+").replace("_", "/").rstrip("=")
        read = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        read = b""
    if len(read) != _SHA256_BYTES:
        raise MediaRefused("what Meta announced as the file's SHA-256 is none")
    return read
