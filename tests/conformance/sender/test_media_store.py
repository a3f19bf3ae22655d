"""What every store of files does: a folder, and one that speaks S3."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from services.chassis.clock import now
from services.sender.domain.media import object_key
from services.sender.objects import Bucket, FolderStore, S3Store
from services.sender.objects.signature import Credentials
from services.sender.ports.media import MediaStore, ObjectMissing
from tests.fakes.s3 import FakeS3

ORGANIZATION, CONVERSATION = uuid.uuid4(), uuid.uuid4()
CONTENT = bytes(range(256)) * 3000


@pytest.fixture(params=["folder", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaStore]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "kept")
        return
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(FakeS3().serving())
        credentials = Credentials(fake.access_key_id, fake.secret_access_key, fake.region)
        made = S3Store(Bucket.parse(fake.endpoint, fake.bucket), credentials, now=now, seconds=5.0)
        stack.push_async_callback(made.close)
        yield made
        assert fake.refused == []


def key_of(content: bytes, conversation: uuid.UUID | None = CONVERSATION) -> str:
    return object_key(ORGANIZATION, conversation, hashlib.sha256(content).digest())


async def put(store: MediaStore, tmp_path: Path, content: bytes, conversation: uuid.UUID | None = CONVERSATION) -> str:
    file = tmp_path / "content"
    file.write_bytes(content)
    key = key_of(content, conversation)
    await store.put(key, file, sha256=hashlib.sha256(content).digest(), mime_type="image/png")
    return key


async def read(store: MediaStore, key: str) -> bytes:
    return b"".join([piece async for piece in store.read(key)])


async def test_what_is_put_is_read_back_as_it_was(store: MediaStore, tmp_path: Path) -> None:
    assert await read(store, await put(store, tmp_path, CONTENT)) == CONTENT


async def test_a_file_of_the_organization_alone_is_kept_as_well(store: MediaStore, tmp_path: Path) -> None:
    assert await read(store, await put(store, tmp_path, b"a logo", None)) == b"a logo"


async def test_putting_a_file_again_changes_nothing(store: MediaStore, tmp_path: Path) -> None:
    await put(store, tmp_path, CONTENT)
    assert await read(store, await put(store, tmp_path, CONTENT)) == CONTENT


async def test_the_same_file_in_two_conversations_is_deleted_in_one(store: MediaStore, tmp_path: Path) -> None:
    first, second = [await put(store, tmp_path, b"hello", uuid.uuid4()) for _ in range(2)]

    await store.delete(first)

    with pytest.raises(ObjectMissing):
        await read(store, first)
    assert await read(store, second) == b"hello"


async def test_what_was_never_there_is_missing_and_may_be_deleted(store: MediaStore) -> None:
    key = key_of(b"nothing")
    with pytest.raises(ObjectMissing):
        await read(store, key)
    await store.delete(key)
