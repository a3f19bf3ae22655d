"""Contacts' files: noted when their message comes, fetched from Meta while it keeps them, looked into, kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument
from services.sender.domain.media import MediaRefused, check_sha256, is_known_type, kind_of, object_key
from services.sender.ports import Key, NumberFacts
from services.sender.ports.media import (
    Arrived,
    Due,
    Fetched,
    LinkExpired,
    MediaAway,
    MediaGone,
    MediaGraph,
    MediaPolicy,
    MediaStore,
    Received,
    ReceivedBook,
    ScannerAway,
    StoreAway,
    VirusScanner,
)
from services.sender.usecases.media import Scratch

MOST_BYTES = 100 * 1024 * 1024
MOST_LISTED = 1000
KINDS = ("image", "video", "audio", "document", "sticker")
# Meta keeps a contact's file for seven days.
_KEPT = timedelta(days=7)
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 3600.0
# Ends before the claim of the file does (store.received_media).
_FETCH_SECONDS = 240.0

FactsOf = Callable[[Sequence[Key]], Awaitable[Sequence[NumberFacts]]]


class KeepReceived:
    """Takes word of files, tells what became of them, and keeps what each organization wants."""

    def __init__(self, book: ReceivedBook, ring: Callable[[], None]) -> None:
        self._book = book
        self._ring = ring

    async def add(self, arrived: Sequence[Arrived]) -> list[bool]:
        """Note files to be fetched; tells which are new."""
        added = await self._book.add(arrived) if arrived else []
        if any(added):
            self._ring()
        return added

    async def list(
        self, *, organization_id: UUID, lane_id: UUID, limit: int, before: tuple[datetime, UUID] | None
    ) -> tuple[list[Received], int]:
        """The files of a conversation, newest first, those behind a place, one more than the limit if there is one; and
        that limit. Raises InvalidArgument.
        """
        if not 0 <= limit <= MOST_LISTED:
            raise InvalidArgument(f"limit is {limit}; use 1 to {MOST_LISTED}, or 0 for 100")
        most = limit or 100
        found = await self._book.of_lane(
            organization_id=organization_id, lane_id=lane_id, limit=most + 1, before=before
        )
        return found, most

    async def put_policy(self, *, organization_id: UUID, is_on: bool, max_bytes: int, kinds: Sequence[str]) -> bool:
        """Say which files are wanted from now on; tells whether it changed. Raises InvalidArgument."""
        if unknown := [kind for kind in kinds if kind_of(kind) is None]:
            raise InvalidArgument(f"kinds holds {unknown[0]!r}; use {', '.join(KINDS)}")
        if not 0 <= max_bytes <= MOST_BYTES:
            raise InvalidArgument(f"max_bytes is {max_bytes}; use 1 to {MOST_BYTES}, or 0 for that")
        policy = MediaPolicy(max_bytes=max_bytes or MOST_BYTES, kinds=frozenset(kinds or KINDS))
        return await self._book.put_policy(organization_id=organization_id, policy=policy if is_on else None)


class FetchReceived:
    """Brings one file nearer to its end; safe to repeat, for what it holds names its place."""

    def __init__(
        self,
        book: ReceivedBook,
        graph: MediaGraph,
        store: MediaStore,
        scanner: VirusScanner,
        scratch: Scratch,
        facts_of: FactsOf,
        now: Now,
    ) -> None:
        self._book = book
        self._graph = graph
        self._store = store
        self._scanner = scanner
        self._scratch = scratch
        self._facts_of = facts_of
        self._now = now

    async def __call__(self, due: Due) -> None:
        """Fetch a file that is due. Raises errors.Unavailable; it is due again when its claim ends."""
        received = await self._book.get(organization_id=due.organization_id, media_id=due.media_id)
        if received is None or received.state != "pending":
            return
        try:
            async with asyncio.timeout(_FETCH_SECONDS), self._scratch() as file:
                await self._fetch(received, file)
        except MediaRefused as error:
            await self._book.end(received, state="refused", reason=str(error))
        except MediaGone as error:
            await self._book.end(received, state="expired", reason=str(error))
        except (MediaAway, LinkExpired, StoreAway, ScannerAway) as error:
            await self._later(received, due.attempts, str(error))
        except TimeoutError:
            await self._later(received, due.attempts, f"it took more than {_FETCH_SECONDS:g} seconds")
        except OSError as error:
            await self._later(received, due.attempts, f"there is no room for the file ({type(error).__name__})")

    async def _fetch(self, received: Received, file: Path) -> None:
        arrived = received.arrived
        policy = await self._book.policy(organization_id=arrived.organization_id)
        if policy is None or arrived.kind not in policy.kinds:
            raise MediaRefused("the organization does not want such files any more")
        (facts,) = await self._facts_of([(arrived.organization_id, arrived.phone_number_id)])
        if facts.token is None:
            raise MediaAway("the number has no access token")
        fetched = await self._download(arrived, file, facts.token, policy.max_bytes)
        check_sha256(arrived.announced_sha256, fetched.sha256)
        if found := await self._scanner.complaint(file):
            raise MediaRefused(f"the scanner found something ({found})")
        key = object_key(arrived.organization_id, arrived.lane_id, fetched.sha256)
        await self._store.put(key, file, sha256=fetched.sha256, mime_type=arrived.mime_type)
        if not await self._book.end(received, state="stored", fetched=fetched, key=key):
            await self._take_back(arrived.organization_id, key)

    async def _take_back(self, organization_id: UUID, key: str) -> None:
        """Its contact was erased meanwhile; unless another process was faster, or the same came twice."""
        if not await self._book.is_kept(organization_id=organization_id, key=key):
            await self._store.delete(key)

    async def _download(self, arrived: Arrived, file: Path, token: str, most_bytes: int) -> Fetched:
        """An address lives five minutes: one that is too old is asked for once more."""
        try:
            return await self._download_once(arrived, file, token, most_bytes)
        except LinkExpired:
            return await self._download_once(arrived, file, token, most_bytes)

    async def _download_once(self, arrived: Arrived, file: Path, token: str, most_bytes: int) -> Fetched:
        announced = await self._graph.look_up(arrived.meta_id, phone_number_id=arrived.phone_number_id, token=token)
        if announced.size > most_bytes:
            raise MediaRefused(f"the file has {announced.size:,} bytes; at most {most_bytes:,} are wanted")
        if not is_known_type(arrived.kind, announced.mime_type):
            raise MediaRefused(f"the file is of the type {announced.mime_type[:100]!r}, which is not taken")
        fetched = await self._graph.download(announced.url, file, token=token, most_bytes=most_bytes)
        check_sha256(announced.sha256, fetched.sha256)
        return fetched

    async def _later(self, received: Received, attempts: int, reason: str) -> None:
        if self._now() - received.received_at >= _KEPT:
            await self._book.end(received, state="expired", reason=reason)
            return
        seconds = min(_FIRST_WAIT * 2 ** min(attempts - 1, 20), _LONGEST_WAIT)
        await self._book.postpone(received, seconds=seconds, reason=reason)
