"""What sender's files need from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

from services.sender.domain.media import MediaKind


class ObjectMissing(Exception):
    """Nothing is kept under this key."""


class StoreAway(Exception):
    """The store did not do it, and may do it later; putting and deleting are safe to repeat. The text says why."""


class MediaStore(Protocol):
    """Files by key. Whoever puts the same key puts the same content: the key holds its SHA-256."""

    async def put(self, key: str, content: Path, *, sha256: bytes, mime_type: str) -> None:
        """Keep a file; once this returns it outlives a crash. Raises StoreAway."""

    def read(self, key: str) -> AsyncIterator[bytes]:
        """The file in pieces. Raises ObjectMissing and StoreAway, in the middle as well."""

    async def delete(self, key: str) -> None:
        """Keep it no longer; what is not there is well gone. Raises StoreAway."""


class MediaAway(Exception):
    """Meta did not do it, and may do it later; every call about files is safe to repeat. The text says why."""


class MediaOnItsWay(MediaAway):
    """Somebody else is giving the file to Meta."""


class MediaGone(Exception):
    """Meta keeps no file of this id (any longer)."""


class LinkExpired(Exception):
    """A file's address does not lead to it any longer; a new look-up gives a new one."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What Meta says of a file. `url` lasts five minutes; `sha256` as Meta writes it; empty and 0 mean not said."""

    url: str
    mime_type: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came."""

    sha256: bytes
    size: int


class MediaGraph(Protocol):
    """Files at the Graph API. Every method raises MediaAway, and domain.media.MediaRefused for what is so for good."""

    async def upload(self, content: Path, *, phone_number_id: str, token: str, mime_type: str) -> str:
        """Give Meta a file, for 30 days; its id there, which only this number may use."""

    async def look_up(self, media_id: str, *, phone_number_id: str, token: str) -> Announced:
        """Ask where a file is. Raises MediaGone."""

    async def download(self, url: str, into: Path, *, token: str, most_bytes: int) -> Fetched:
        """Write a file to `into`; stops at `most_bytes`. The token goes to Meta's hosts only. Raises LinkExpired."""

    async def delete(self, media_id: str, *, phone_number_id: str, token: str) -> None:
        """Let Meta keep a file no longer. Raises MediaGone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMedia:
    """A file of an organization."""

    organization_id: UUID
    media_id: UUID
    kind: MediaKind
    mime_type: str
    size: int
    sha256: bytes
    object_key: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MetaId:
    """Where a file's upload to Meta stands: there is an id, or this caller is to upload, or another one does."""

    meta_id: str = ""
    is_ours: bool = False


class MediaBook(Protocol):
    """What is known of files. Every method raises errors.Unavailable."""

    async def get(self, *, organization_id: UUID, media_id: UUID) -> KeptMedia | None:
        """The file, once all of it is there."""

    async def put_piece(self, *, organization_id: UUID, media_id: UUID, position: int, content: bytes) -> None:
        """Keep a piece; one that is there already stays as it is."""

    async def piece_sizes(self, *, organization_id: UUID, media_id: UUID) -> Sequence[tuple[int, int]]:
        """Positions and sizes of what came, in order."""

    async def piece(self, *, organization_id: UUID, media_id: UUID, position: int) -> bytes:
        """One piece; empty when it is not there."""

    async def put(self, media: KeptMedia) -> KeptMedia:
        """Note a file; forget its pieces, and old ones of files that were never finished. Gives what is noted."""

    async def is_shared(self, media: KeptMedia) -> bool:
        """Whether another file of the organization has the same content."""

    async def uploads_of(self, media: KeptMedia) -> Sequence[tuple[str, str]]:
        """Numbers for which Meta has the file, and its ids there."""

    async def remove(self, media: KeptMedia, *, with_uploads: bool) -> bool:
        """Forget a file, and Meta's ids of it; noted in the audit log. False when somebody else did."""

    async def claim_upload(self, *, organization_id: UUID, sha256: bytes, phone_number_id: str) -> MetaId:
        """Meta's id of a file for a number while Meta keeps it for sure, or the right to upload it."""

    async def doubt_upload(self, *, organization_id: UUID, sha256: bytes, phone_number_id: str, meta_id: str) -> bool:
        """Meta would not send a file by this id (empty: by any): forget it. Tells whether another one is worth a try.

        It is not when the file was given to Meta anew a moment ago for the same reason: then the fault is elsewhere.
        """

    async def uploaded(self, *, organization_id: UUID, sha256: bytes, phone_number_id: str, meta_id: str) -> None:
        """Note the id; an empty one gives the right back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A contact's file, as its message told of it."""

    organization_id: UUID
    media_id: UUID
    lane_id: UUID
    phone_number_id: str
    meta_id: str
    kind: MediaKind
    mime_type: str
    announced_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPolicy:
    """Which files of its contacts an organization wants."""

    max_bytes: int
    kinds: frozenset[str]


ReceivedState = Literal["pending", "stored", "refused", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A contact's file and what became of it."""

    arrived: Arrived
    state: ReceivedState
    reason: str
    size: int
    sha256: bytes
    object_key: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A file whose turn it is; `attempts` counts this one."""

    organization_id: UUID
    media_id: UUID
    attempts: int


class ReceivedBook(Protocol):
    """What is known of contacts' files. Every method raises errors.Unavailable."""

    async def put_policy(self, *, organization_id: UUID, policy: MediaPolicy | None) -> bool:
        """Store what an organization wants (None: nothing); tells whether it changed."""

    async def policy(self, *, organization_id: UUID) -> MediaPolicy | None:
        """What an organization wants."""

    async def add(self, arrived: Sequence[Arrived]) -> list[bool]:
        """Note files whose organizations want their kinds, each to be fetched at once; tells which are new."""

    async def claim(self, *, limit: int) -> list[Due]:
        """Files that are due; nobody else gets them for some minutes."""

    async def get(self, *, organization_id: UUID, media_id: UUID) -> Received | None:
        """One file."""

    async def of_lane(
        self, *, organization_id: UUID, lane_id: UUID, limit: int, before: tuple[datetime, UUID] | None
    ) -> list[Received]:
        """The files of a conversation, newest first, those behind a moment and the id of a file that came then."""

    async def end(
        self,
        received: Received,
        *,
        state: ReceivedState,
        reason: str = "",
        fetched: Fetched | None = None,
        key: str = "",
    ) -> bool:
        """Note what became of a pending file; False when it is not pending any more (it was erased)."""

    async def is_kept(self, *, organization_id: UUID, key: str) -> bool:
        """Whether a stored file of the organization lies under this key."""

    async def give_up(self, *, organization_id: UUID, lane_ids: Sequence[UUID]) -> None:
        """Refuse what is pending of these conversations; a fetch that is under way finds out at its end."""

    async def keys_of(self, *, organization_id: UUID, lane_ids: Sequence[UUID]) -> Sequence[str]:
        """Where the content of conversations lies."""

    async def old_keys(self, *, organization_id: UUID, before: datetime, limit: int) -> Sequence[str]:
        """Where content lies that only files of before this moment have, oldest first."""

    async def forget_keys(self, *, organization_id: UUID, keys: Sequence[str]) -> None:
        """Note that nothing lies there any more."""

    async def postpone(self, received: Received, *, seconds: float, reason: str) -> None:
        """Try again later."""


class ScannerAway(Exception):
    """The scanner gave no verdict, and may give one later. The text says why."""


class VirusScanner(Protocol):
    """Looks into a file before it is kept."""

    async def complaint(self, content: Path) -> str | None:
        """What was found; None: nothing. Raises ScannerAway."""
