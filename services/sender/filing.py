"""Composition of what keeps files: a part of app.py, in a file of its own because that one is full."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from services.chassis.audit import AuditLog
from services.chassis.clock import now
from services.chassis.db import Database
from services.chassis.queue import Bell
from services.chassis.settings import SettingsError
from services.sender.cache import Numbers
from services.sender.graph import GraphMedia
from services.sender.objects import Bucket, ClamdScanner, Credentials, FolderStore, NoScanner, ProgramScanner, S3Store
from services.sender.ports.media import VirusScanner
from services.sender.settings import Settings
from services.sender.store import PostgresMedia, PostgresReceivedMedia
from services.sender.usecases.deleting_media import DeleteMedia
from services.sender.usecases.media import GiveMedia, KeepMedia, Scratch
from services.sender.usecases.received_media import FetchReceived, KeepReceived
from services.sender.worker.fetching import MediaFetcher
from services.sender.worker.files import Files

# For each wait of a call about a file: a connection, a piece of it.
_FILE_WAIT_SECONDS = 20.0
# Temporary files at a time: of contacts, and of messages; 16 of 100 MiB fit into the folder that deployments give.
_FETCHES = _FILES = 8


@dataclass(frozen=True, slots=True)
class FileRoom:
    """Files that messages send, on connections of their own."""

    keep: KeepMedia
    delete: DeleteMedia
    ready: Files
    received: KeepReceived
    fetcher: MediaFetcher
    book: PostgresReceivedMedia
    graph: GraphMedia
    store: FolderStore | S3Store

    async def close(self) -> None:
        """Close every connection."""
        await self.graph.close()
        if isinstance(self.store, S3Store):
            await self.store.close()


def furnish_files(settings: Settings, database: Database, audit: AuditLog, numbers: Numbers) -> FileRoom:
    """Put together what keeps files. Raises SettingsError."""
    book, received, store = (
        PostgresMedia(database, audit),
        PostgresReceivedMedia(database, audit),
        _media_store(settings),
    )
    graph = GraphMedia(settings.graph_api_base, seconds=_FILE_WAIT_SECONDS)
    bell, scratch = Bell(), Scratch(_FILES)
    fetch = FetchReceived(received, graph, store, _scanner(settings), Scratch(_FETCHES), numbers.get, now)
    return FileRoom(
        KeepMedia(book, received, store, scratch, now),
        DeleteMedia(book, store, graph, numbers.get),
        Files(GiveMedia(book, store, graph, scratch), numbers),
        KeepReceived(received, bell.ring),
        MediaFetcher(received, fetch, bell),
        received,
        graph,
        store,
    )


def _scanner(settings: Settings) -> VirusScanner:
    if settings.media_clamd_socket:
        return ClamdScanner(Path(settings.media_clamd_socket))
    command = shlex.split(settings.media_scan_command)
    return ProgramScanner(command) if command else NoScanner()


def _media_store(settings: Settings) -> FolderStore | S3Store:
    if not settings.media_s3_endpoint:
        return FolderStore(Path(settings.media_folder))
    try:
        bucket = Bucket.parse(settings.media_s3_endpoint, settings.media_s3_bucket)
    except ValueError as error:
        raise SettingsError(f"MEDIA_S3_ENDPOINT and MEDIA_S3_BUCKET cannot be used: {error}") from error
    credentials = Credentials(
        settings.media_s3_access_key_id, str(settings.media_s3_secret_access_key), settings.media_s3_region
    )
    return S3Store(bucket, credentials, now=now, seconds=_FILE_WAIT_SECONDS)
