"""Files in a folder of this machine, or of a volume all senders share."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from services.sender.ports.media import ObjectMissing, StoreAway

_PIECE_BYTES = 256 * 1024
# What domain.media makes; whatever could lead out of the folder is not of this form.
_KEY = re.compile(r"[0-9a-f-]{36}/(?:own|[0-9a-f-]{36})/[0-9a-f]{64}")


class FolderStore:
    """See ports.media.MediaStore. Only the owner of the process may read what is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: Path, *, sha256: bytes, mime_type: str) -> None:
        """See ports.media.MediaStore; a folder has no place for digests and types, the row of the file has."""
        try:
            await asyncio.to_thread(_copy, content, self._place(key))
        except OSError as error:
            raise StoreAway(f"the folder of files cannot be written ({type(error).__name__})") from error

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """See ports.media.MediaStore."""
        place = self._place(key)
        try:
            with await asyncio.to_thread(place.open, "rb") as file:
                while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                    yield piece
        except FileNotFoundError:
            raise ObjectMissing(key) from None
        except OSError as error:
            raise StoreAway(f"the folder of files cannot be read ({type(error).__name__})") from error

    async def delete(self, key: str) -> None:
        """See ports.media.MediaStore; folders that became empty go as well, for their names are ids of people."""
        try:
            await asyncio.to_thread(_remove, self._place(key))
        except OSError as error:
            raise StoreAway(f"the folder of files cannot be written ({type(error).__name__})") from error

    def _place(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError("a key is organization/conversation/SHA-256")
        return self._folder / key


def _copy(content: Path, place: Path) -> None:
    """Beside its place first, then moved there at once: nobody ever reads half a file."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=place.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as target, content.open("rb") as source:
            shutil.copyfileobj(source, target, _PIECE_BYTES)
            target.flush()
            os.fsync(target.fileno())
        os.replace(beside, place)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    _keep_entry(place.parent)


def _keep_entry(folder: Path) -> None:
    """A new name in a folder outlives a crash only once the folder itself is written."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(place: Path) -> None:
    place.unlink(missing_ok=True)
    for folder in (place.parent, place.parent.parent):
        try:
            folder.rmdir()
        except OSError:
            # Something else lies in it, or somebody else was faster.
            return
