"""Contacts' files: fetched from the simulated Meta, looked into, kept, and what became of those that were not."""

import asyncio
import hashlib
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room
from services.sender.ports import Erasure
from services.sender.server.media import MediaServer
from services.sender.server.received_media import ReceivedMediaServer
from tests.integration.sender.conftest import NUMBER, Stage, eventually

PICTURE = b"\xff\xd8\xff" + bytes(range(256)) * 300
ANY: Any = None  # the servers use no context


@dataclass
class Gallery:
    """A sender that fetches, and one conversation."""

    stage: Stage
    room: Room
    folder: Path
    conversation: uuid.UUID

    @property
    def server(self) -> ReceivedMediaServer:
        return ReceivedMediaServer(self.room.files.received)

    async def want(self, **policy: Any) -> None:
        request = sender_pb2.PutMediaPolicyRequest(organization_id=self.stage.organization_id, **policy)
        await self.server.PutPolicy(request, ANY)

    async def arrive(self, content: bytes = PICTURE, mime_type: str = "image/jpeg", **said: str) -> None:
        """A phone sent a file, and router tells of it."""
        file = self.stage.meta.shelf.send(NUMBER, mime_type, content)
        values = {
            "organization_id": self.stage.organization_id, "conversation_id": str(self.conversation),
            "event_id": f"message:{NUMBER}:{file.media_id}", "phone_number_id": NUMBER, "kind": "image",
            "meta_media_id": file.media_id, "mime_type": mime_type, "sha256": file.sha256,
        }  # fmt: skip
        await self.tell(sender_pb2.ArrivedMedia(**(values | said)))

    async def tell(self, *media: sender_pb2.ArrivedMedia) -> None:
        await self.server.Fetch(sender_pb2.FetchReceivedMediaRequest(media=media), ANY)

    async def files(self) -> list[sender_pb2.ReceivedFile]:
        request = sender_pb2.ListReceivedMediaRequest(
            organization_id=self.stage.organization_id, conversation_id=str(self.conversation)
        )
        return list((await self.server.List(request, ANY)).files)

    async def ended(self, state: str) -> sender_pb2.ReceivedFile:
        """The one file, once it is so."""

        async def is_so() -> bool:
            return [file.state for file in await self.files()] == [state]

        await eventually(is_so)
        return (await self.files())[0]

    async def waits(self, reason: str) -> None:
        async def is_so() -> bool:
            return [(file.state, reason in file.reason) for file in await self.files()] == [("pending", True)]

        await eventually(is_so)

    async def erase(self) -> None:
        erasure = Erasure(
            conversation_ids=[self.conversation], wa_ids=[], user_ids=[], wamid_parts=[], erased_at=datetime.now(UTC)
        )
        await self.room.privacy.erase(
            organization_id=uuid.UUID(self.stage.organization_id), job_id=uuid.uuid4(), erasure=erasure
        )

    async def expire(self, *, days: int) -> None:
        await self.room.privacy.expire(
            organization_id=uuid.UUID(self.stage.organization_id),
            job_id=uuid.uuid4(),
            before=datetime.now(UTC) - timedelta(days=days),
        )

    def kept(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
async def gallery(stage: Stage, tmp_path: Path) -> AsyncIterator[Gallery]:
    made = await opened(stage, tmp_path)
    yield made
    await made.room.files.fetcher.stop()


async def opened(stage: Stage, tmp_path: Path, **settings: Any) -> Gallery:
    room = await stage.sender(**settings)
    await stage.put_token(room)
    await room.files.fetcher.start()
    return Gallery(stage, room, tmp_path / "media", uuid.uuid4())


async def test_a_file_is_fetched_and_given_back_as_it_was(gallery: Gallery) -> None:
    await gallery.want(is_on=True)

    await gallery.arrive()

    file = await gallery.ended("stored")
    assert (file.size, file.sha256) == (len(PICTURE), hashlib.sha256(PICTURE).digest())
    request = sender_pb2.GetMediaContentRequest(organization_id=gallery.stage.organization_id, media_id=file.media_id)
    stream = MediaServer(gallery.room.files.keep, gallery.room.files.delete).GetMediaContent(request, ANY)
    assert b"".join([piece.content async for piece in stream]) == PICTURE
    (path,) = gallery.kept()
    assert path.parent.name == str(gallery.conversation)
    assert await gallery.stage.sql("SELECT count(*) FROM sender.received_media_due") == [(0,)]


async def test_without_a_policy_nothing_is_fetched_or_noted(gallery: Gallery) -> None:
    await gallery.arrive()
    assert await gallery.files() == []


async def test_kinds_that_are_not_wanted_are_not_noted(gallery: Gallery) -> None:
    await gallery.want(is_on=True, kinds=["document"])
    await gallery.arrive()
    assert await gallery.files() == []


async def test_a_repeated_message_brings_its_file_once(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    file = gallery.stage.meta.shelf.send(NUMBER, "image/jpeg", PICTURE)
    media = sender_pb2.ArrivedMedia(
        organization_id=gallery.stage.organization_id, conversation_id=str(gallery.conversation), event_id="message:1",
        phone_number_id=NUMBER, kind="image", meta_media_id=file.media_id,
    )  # fmt: skip
    await gallery.tell(media, media)
    await gallery.tell(media)
    await gallery.ended("stored")


async def test_a_file_that_is_too_large_is_refused(gallery: Gallery) -> None:
    await gallery.want(is_on=True, max_bytes=1000)
    await gallery.arrive()
    assert "at most 1,000 are wanted" in (await gallery.ended("refused")).reason
    assert gallery.kept() == []


async def test_a_type_that_is_not_on_the_list_is_refused(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.arrive(b"MZ", "application/x-msdownload")
    assert "application/x-msdownload" in (await gallery.ended("refused")).reason


async def test_content_other_than_the_webhook_announced_is_refused(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.arrive(sha256=hashlib.sha256(b"another").hexdigest())
    assert "SHA-256" in (await gallery.ended("refused")).reason
    assert gallery.kept() == []


async def test_an_id_that_meta_has_forgotten_is_expired(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.arrive(meta_media_id="123456")
    await gallery.ended("expired")


async def test_a_file_that_could_not_be_had_for_seven_days_is_expired(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.arrive(phone_number_id="999")  # no token: waits
    await gallery.waits("no access token")
    await gallery.stage.sql("UPDATE sender.received_media SET received_at = now() - interval '7 days' RETURNING 1")
    await gallery.stage.sql("UPDATE sender.received_media_due SET due_at = now() RETURNING 1")
    await gallery.ended("expired")


@pytest.mark.parametrize(
    ("program", "state"), [("import sys; sys.exit(0)", "stored"), ("import sys; sys.exit(1)", "refused")]
)
async def test_a_scanners_verdict_decides(stage: Stage, tmp_path: Path, program: str, state: str) -> None:
    gallery = await opened(stage, tmp_path, media_scan_command=f"{sys.executable} -c '{program}'")
    try:
        await gallery.want(is_on=True)
        await gallery.arrive()
        await gallery.ended(state)
        assert len(gallery.kept()) == (1 if state == "stored" else 0)
    finally:
        await gallery.room.files.fetcher.stop()


async def test_without_a_verdict_a_file_waits(stage: Stage, tmp_path: Path) -> None:
    gallery = await opened(stage, tmp_path, media_scan_command=str(tmp_path / "nothing"))
    try:
        await gallery.want(is_on=True)
        await gallery.arrive()
        await gallery.waits("scanner cannot be started")
        assert gallery.kept() == []
    finally:
        await gallery.room.files.fetcher.stop()


async def test_clamd_gets_the_content_and_its_word_counts(stage: Stage, tmp_path: Path) -> None:
    seen = bytearray()

    async def clamd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(b"zINSTREAM\0"))
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            seen.extend(await reader.readexactly(length))
        writer.write(b"stream: Harbour.Test FOUND\0")
        await writer.drain()
        writer.close()

    socket = tmp_path / "clamd"
    server = await asyncio.start_unix_server(clamd, socket)
    gallery = await opened(stage, tmp_path, media_clamd_socket=str(socket))
    try:
        await gallery.want(is_on=True)
        await gallery.arrive()
        assert "Harbour.Test" in (await gallery.ended("refused")).reason
    finally:
        await gallery.room.files.fetcher.stop()
        server.close()
    assert bytes(seen) == PICTURE


async def test_a_change_of_what_is_wanted_is_noted_once(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.want(is_on=True)
    await gallery.want(is_on=False)
    changes = await gallery.stage.sql("SELECT action FROM sender.audit_event WHERE object = 'media_policy'")
    assert [row[0] for row in changes] == ["media_policy.put"] * 2


async def test_erasing_a_contact_removes_content_and_rows(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.arrive()
    await gallery.ended("stored")

    await gallery.erase()

    assert await gallery.files() == []
    assert gallery.kept() == []


async def test_a_file_that_still_waits_for_its_fetch_is_erased_as_well(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.arrive(phone_number_id="999")
    await gallery.waits("no access token")

    await gallery.erase()

    assert await gallery.files() == []
    assert await gallery.stage.sql("SELECT count(*) FROM sender.received_media_due") == [(0,)]


async def test_an_old_file_goes_and_one_with_the_same_content_keeps_it(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.arrive()
    await gallery.ended("stored")
    await gallery.stage.sql("UPDATE sender.received_media SET received_at = now() - interval '40 days' RETURNING 1")
    await gallery.arrive()

    async def both_are_stored() -> bool:
        return [file.state for file in await gallery.files()] == ["stored", "stored"]

    await eventually(both_are_stored)
    await gallery.expire(days=30)
    assert len(gallery.kept()) == 1

    await gallery.stage.sql("UPDATE sender.received_media SET received_at = now() - interval '40 days' RETURNING 1")
    await gallery.expire(days=30)
    assert gallery.kept() == []
    assert await gallery.files() == []


async def test_a_contacts_files_are_told_of_in_an_export(gallery: Gallery) -> None:
    await gallery.want(is_on=True)
    await gallery.arrive()
    await gallery.ended("stored")

    page = await gallery.room.privacy.page(
        organization_id=uuid.UUID(gallery.stage.organization_id),
        conversation_ids=[gallery.conversation],
        names=[],
        cursor="",
    )

    assert hashlib.sha256(PICTURE).hexdigest() in str(page)
