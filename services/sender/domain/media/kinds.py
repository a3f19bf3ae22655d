"""What Meta takes as a file, checked before any upload.

Source: Meta's pages of media (September 2026). A megabyte is taken as 1,048,576 bytes: Meta
does not say which one it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MediaKind = Literal["image", "video", "audio", "document", "sticker"]
"""What a file is shown as."""

_KB = 1024
_MB = 1024 * _KB
_WEBP_HEAD = 21
# In the flags of an extended WebP (RFC 9649, section 2.7).
_ANIMATED = 0x02
_STILL_STICKER_BYTES = 100 * _KB
_ANIMATED_STICKER_BYTES = 500 * _KB


@dataclass(frozen=True, slots=True)
class _Limit:
    most_bytes: int
    types: frozenset[str]


_LIMITS: Mapping[MediaKind, _Limit] = {
    "image": _Limit(5 * _MB, frozenset({"image/jpeg", "image/png"})),
    "video": _Limit(16 * _MB, frozenset({"video/mp4", "video/3gpp"})),
    "audio": _Limit(16 * _MB, frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"})),
    "document": _Limit(
        100 * _MB,
        frozenset(
            {
                "text/plain",
                "application/pdf",
                "application/msword",
                "application/vnd.ms-excel",
                "application/vnd.ms-powerpoint",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            }
        ),
    ),
    "sticker": _Limit(_ANIMATED_STICKER_BYTES, frozenset({"image/webp"})),
}
_KINDS: Mapping[str, MediaKind] = {kind: kind for kind in _LIMITS}


def kind_of(text: str) -> MediaKind | None:
    """The kind of this name, if there is one."""
    return _KINDS.get(text)


def most_bytes(kind: MediaKind) -> int:
    """The largest file of a kind."""
    return _LIMITS[kind].most_bytes


def is_known_type(kind: MediaKind, mime_type: str) -> bool:
    """Whether Meta has files of this type among those of a kind."""
    return mime_type in _LIMITS[kind].types


def broken_media_limit(kind: MediaKind, mime_type: str, size: int, head: bytes) -> str | None:
    """The first thing Meta would refuse a file for, with the mend; `head` is how the file begins.

    `mime_type` is in small letters and without parameters (`media_type`).
    """
    limit = _LIMITS[kind]
    if mime_type not in limit.types:
        return f"mime_type is {mime_type!r}, which is no {kind}; use one of {', '.join(sorted(limit.types))}"
    if size == 0:
        return "the file is empty; give one with content"
    largest = _most_sticker_bytes(head) if kind == "sticker" else limit.most_bytes
    if size > largest:
        return f"the file has {size:,} bytes, Meta takes at most {largest:,} of this kind; make it smaller"
    if kind == "sticker" and not _is_webp(head):
        return "the file is no WebP; convert it to one of 512 by 512 points"
    if mime_type == "audio/ogg" and b"OpusHead" not in head:
        return "the file is no OGG with the Opus codec; Meta takes no other OGG, convert it"
    return None


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _most_sticker_bytes(head: bytes) -> int:
    is_extended = len(head) >= _WEBP_HEAD and head[12:16] == b"VP8X"
    return _ANIMATED_STICKER_BYTES if is_extended and head[20] & _ANIMATED else _STILL_STICKER_BYTES
