"""Stores of files: what they refuse, and what they say when something is wrong."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.clock import now
from services.sender.domain.media import object_key
from services.sender.objects import Bucket, FolderStore, S3Store
from services.sender.objects.signature import Credentials, canonical_path, signed_headers
from services.sender.ports.media import StoreAway
from tests.fakes.s3 import FakeS3

DIGEST = hashlib.sha256(b"a pier").digest()
KEY = object_key(uuid.uuid4(), uuid.uuid4(), DIGEST)
# The published example of Amazon's S3 API reference.
EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
MOMENT = datetime(2013, 5, 24, tzinfo=UTC)
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture
async def fake() -> AsyncIterator[FakeS3]:
    async with FakeS3().serving() as serving:
        yield serving


async def put(
    fake: FakeS3, content: Path, *, secret: str = "", age: timedelta = timedelta(), digest: bytes = DIGEST
) -> None:
    credentials = Credentials(fake.access_key_id, secret or fake.secret_access_key, fake.region)
    store = S3Store(Bucket.parse(fake.endpoint, fake.bucket), credentials, now=lambda: now() - age, seconds=5.0)
    try:
        await store.put(KEY, content, sha256=digest, mime_type="image/png")
    finally:
        await store.close()


@pytest.fixture
def pier(tmp_path: Path) -> Path:
    file = tmp_path / "pier"
    file.write_bytes(b"a pier")
    return file


def test_the_published_example_of_a_get_is_signed_as_published() -> None:
    headers = {"Host": "examplebucket.s3.amazonaws.com", "Range": "bytes=0-9"}
    signed = signed_headers(EXAMPLE, method="GET", path="/test.txt", headers=headers, payload=EMPTY, moment=MOMENT)
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_the_published_example_of_a_put_is_signed_as_published() -> None:
    headers = {
        "Host": "examplebucket.s3.amazonaws.com",
        "Date": "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
    }
    signed = signed_headers(
        EXAMPLE,
        method="PUT",
        path=canonical_path("/test$file.text"),
        headers=headers,
        payload=hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
        moment=MOMENT,
    )
    assert signed["Authorization"].endswith(
        "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    )


def test_a_secret_is_not_shown() -> None:
    assert "wJalr" not in repr(EXAMPLE)


async def test_a_file_keeps_its_type(fake: FakeS3, pier: Path) -> None:
    await put(fake, pier)
    assert (fake.objects[KEY], fake.types[KEY]) == (b"a pier", "image/png")


async def test_a_wrong_secret_is_refused_and_says_what_to_check(fake: FakeS3, pier: Path) -> None:
    with pytest.raises(StoreAway, match="answered 403; check its bucket, its keys and its clock"):
        await put(fake, pier, secret="another")
    assert fake.refused == ["SignatureDoesNotMatch"]
    assert fake.objects == {}


async def test_a_clock_that_is_far_off_is_refused(fake: FakeS3, pier: Path) -> None:
    with pytest.raises(StoreAway):
        await put(fake, pier, age=timedelta(hours=1))
    assert fake.refused == ["RequestTimeTooSkewed"]


async def test_content_other_than_its_digest_is_refused(fake: FakeS3, pier: Path) -> None:
    with pytest.raises(StoreAway):
        await put(fake, pier, digest=bytes(32))
    assert fake.refused == ["XAmzContentSHA256Mismatch"]


async def test_a_store_that_is_busy_is_away_and_takes_the_repeat(fake: FakeS3, pier: Path) -> None:
    fake.broken = 1
    with pytest.raises(StoreAway, match="answered 503"):
        await put(fake, pier)
    await put(fake, pier)
    assert fake.objects[KEY] == b"a pier"


async def test_a_redirect_is_not_followed(fake: FakeS3, pier: Path) -> None:
    fake.redirect_to = f"{fake.endpoint}/elsewhere"
    with pytest.raises(StoreAway, match="answered 307"):
        await put(fake, pier)


async def test_a_store_that_is_not_there_is_away(pier: Path) -> None:
    async with FakeS3().serving() as gone:
        pass
    with pytest.raises(StoreAway, match="did not answer"):
        await put(gone, pier)


@pytest.mark.parametrize(
    ("endpoint", "bucket"),
    [
        ("ftp://store.example", "letters"), ("https://", "letters"), ("https://store.example/path", "letters"),
        ("https://me:word@store.example", "letters"), ("https://store.example", ""), ("https://store.example", "a/b"),
    ],
)  # fmt: skip
def test_an_endpoint_or_bucket_that_is_none_is_refused(endpoint: str, bucket: str) -> None:
    with pytest.raises(ValueError, match=r"it m|bucket's name"):
        Bucket.parse(endpoint, bucket)


@pytest.mark.parametrize("key", ["../../etc/passwd", "a/b/c", f"{KEY}/..", f"/{KEY}", KEY.upper(), ""])
async def test_a_key_that_is_none_leads_nowhere(tmp_path: Path, pier: Path, key: str) -> None:
    with pytest.raises(ValueError, match="a key is"):
        await FolderStore(tmp_path).put(key, pier, sha256=DIGEST, mime_type="image/png")


async def test_a_folder_that_cannot_be_written_is_away(tmp_path: Path, pier: Path) -> None:
    (tmp_path / "kept").write_text("a file stands where the folder should be")
    with pytest.raises(StoreAway, match="cannot be written"):
        await FolderStore(tmp_path / "kept").put(KEY, pier, sha256=DIGEST, mime_type="image/png")


async def test_only_the_owner_reads_and_nothing_is_left_after_a_deletion(tmp_path: Path, pier: Path) -> None:
    folder = tmp_path / "kept"
    store = FolderStore(folder)
    await store.put(KEY, pier, sha256=DIGEST, mime_type="image/png")
    assert (folder / KEY).stat().st_mode & 0o077 == 0
    await store.delete(KEY)
    assert list(folder.iterdir()) == []
