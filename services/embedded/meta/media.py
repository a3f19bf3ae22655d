"""Files as Meta keeps them: uploaded by a number or sent by a phone, looked up, fetched for five minutes, deleted."""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .plans import BusinessNumber
from .refusals import ErrorKind, GraphError

UPLOADED_SECONDS = 30 * 86400.0
SENT_SECONDS = 7 * 86400.0
LINK_SECONDS = 300.0

_MB = 1024 * 1024
_IMAGE, _SOUND = 5 * _MB, 16 * _MB
LARGEST_UPLOAD = 100 * _MB
_KINDS = ("image", "video", "audio", "document", "sticker")
# A type of Meta's list, and the largest file of it. Stickers: the larger size rules, moving or not.
_UPLOADS = {
    **dict.fromkeys(("image/jpeg", "image/png"), _IMAGE),
    **dict.fromkeys(("video/mp4", "video/3gpp"), _SOUND),
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), _SOUND),
    "image/webp": 500 * 1024,
    **dict.fromkeys(
        (
            "text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        LARGEST_UPLOAD,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of one number; `gone_at` in seconds since 1970."""

    media_id: str
    phone_number_id: str
    mime_type: str
    content: bytes
    gone_at: float

    @property
    def sha256(self) -> str:
        """The digest in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class _Link:
    media_id: str
    gone_at: float


class Shelf:
    """The files of all numbers, in memory; `now` in seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._files: dict[str, KeptFile] = {}
        self._links: dict[str, _Link] = {}
        self._given: set[str] = set()
        self.uploads = 0

    def upload(self, phone_number_id: str, mime_type: str, content: bytes) -> KeptFile:
        """A number's own file. Raises GraphError for what Meta would not take."""
        most = _UPLOADS.get(mime_type.partition(";")[0].strip().lower())
        if most is None:
            types = ", ".join(_UPLOADS)
            what = f"Param file must be a file with one of the following types: {types}."
            raise GraphError(ErrorKind.INVALID_PARAMETER, f"{what} Received file of type '{mime_type}'.")
        if not 0 < len(content) <= most:
            raise GraphError(ErrorKind.UPLOAD_FAILED, f"Media file size is {len(content)}, it must be 1 to {most}.")
        self.uploads += 1
        return self._keep(phone_number_id, mime_type, content, UPLOADED_SECONDS)

    def send(self, phone_number_id: str, mime_type: str, content: bytes) -> KeptFile:
        """A file that a phone sends to a number."""
        return self._keep(phone_number_id, mime_type, content, SENT_SECONDS)

    def look_up(self, media_id: str) -> KeptFile | None:
        """The file, while it is kept."""
        found = self._files.get(media_id)
        return found if found is not None and self._now() < found.gone_at else None

    def refuse_gone(self, number: BusinessNumber, content: object) -> None:
        """Raise GraphError for a message that names a file of another number, or one that is not kept any longer.

        Ids that were never given out pass: tests and demos make up their own.
        """
        for kind, media_id in _files_in(content):
            kept = self.look_up(media_id)
            if media_id in self._given and (kept is None or kept.phone_number_id != number.phone_number_id):
                what = f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID"
                raise GraphError(ErrorKind.INVALID_PARAMETER, what)

    def link_to(self, media_id: str) -> str:
        """The last part of an address under which the file can be fetched for a while."""
        secret = secrets.token_urlsafe(16)
        self._links[secret] = _Link(media_id, self._now() + LINK_SECONDS)
        return secret

    def fetch(self, secret: str) -> KeptFile | None:
        """The file of such an address, while both last."""
        link = self._links.get(secret)
        return self.look_up(link.media_id) if link is not None and self._now() < link.gone_at else None

    def delete(self, media_id: str) -> None:
        """Keep it no longer."""
        self._files.pop(media_id, None)

    def _keep(self, phone_number_id: str, mime_type: str, content: bytes, seconds: float) -> KeptFile:
        media_id = str(10**15 + secrets.randbelow(9 * 10**15))
        kept = KeptFile(media_id, phone_number_id, mime_type, content, self._now() + seconds)
        self._files[media_id] = kept
        self._given.add(media_id)
        return kept


def _files_in(content: object) -> Iterator[tuple[str, str]]:
    """Kind and id of every file that a message's body names."""
    if isinstance(content, list):
        for each in content:
            yield from _files_in(each)
    if not isinstance(content, Mapping):
        return
    for name, value in content.items():
        if name in _KINDS and isinstance(value, Mapping) and isinstance(value.get("id"), str):
            yield name, value["id"]
        else:
            yield from _files_in(value)
