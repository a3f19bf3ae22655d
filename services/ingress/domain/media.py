"""Files that messages send, and those of contacts, as people's programs see them over REST."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

_ENDINGS = {
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "text/plain": "txt",
    "video/3gpp": "3gp",
    "video/mp4": "mp4",
}
_BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaView:
    """A file that can be read."""

    media_id: str
    kind: str
    mime_type: str
    size: int
    sha256: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedView:
    """A contact's file and what became of it; no size and digest before it is stored."""

    media_id: str
    conversation_id: str
    kind: str
    mime_type: str
    state: str
    reason: str
    size: int
    sha256: bytes
    received_at: datetime


def served_type(mime_type: str) -> str:
    """The type a file is given out as: its own if browsers only show or save it, else that of plain bytes.

    A contact chose the content, and what Meta says of it may be anything: it must never run as a page of ours.
    """
    return mime_type if mime_type in _ENDINGS else _BYTES


def file_name(media_id: str, mime_type: str) -> str:
    """A name to save a file under; nothing in it was chosen by a contact."""
    return f"{media_id}.{_ENDINGS.get(mime_type, 'bin')}"
