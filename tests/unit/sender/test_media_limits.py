"""What Meta takes as a file, whom a token may be shown to, and whether a file is the announced one."""

import base64
import hashlib
import uuid

import pytest

from services.sender.domain.media import (
    MediaKind,
    MediaRefused,
    broken_media_limit,
    check_sha256,
    is_allowed_source,
    kind_of,
    media_type,
    most_bytes,
    object_key,
)

MB = 1024 * 1024
STILL = b"RIFF....WEBPVP8 " + bytes(16)
ANIMATED = b"RIFF....WEBPVP8X" + bytes(4) + b"\x02" + bytes(8)
OPUS = b"OggS" + bytes(24) + b"OpusHead"
HOSTS = frozenset({"graph.facebook.com", "lookaside.fbsbx.com"})
DIGEST = hashlib.sha256(b"a harbour").digest()


@pytest.mark.parametrize(
    ("kind", "mime_type", "head", "largest"),
    [
        ("image", "image/jpeg", b"", 5 * MB),
        ("image", "image/png", b"", 5 * MB),
        ("video", "video/mp4", b"", 16 * MB),
        ("video", "video/3gpp", b"", 16 * MB),
        ("audio", "audio/mpeg", b"", 16 * MB),
        ("audio", "audio/ogg", OPUS, 16 * MB),
        ("document", "application/pdf", b"", 100 * MB),
        ("sticker", "image/webp", STILL, 100 * 1024),
        ("sticker", "image/webp", ANIMATED, 500 * 1024),
    ],
)
def test_a_file_as_large_as_its_limit_is_taken_and_one_byte_more_is_not(
    kind: MediaKind, mime_type: str, head: bytes, largest: int
) -> None:
    assert broken_media_limit(kind, mime_type, largest, head) is None
    complaint = broken_media_limit(kind, mime_type, largest + 1, head)
    assert complaint == (
        f"the file has {largest + 1:,} bytes, Meta takes at most {largest:,} of this kind; make it smaller"
    )


@pytest.mark.parametrize(
    ("kind", "mime_type"),
    [
        ("image", "image/webp"), ("image", "image/gif"), ("video", "video/webm"), ("audio", "audio/wav"),
        ("sticker", "image/png"), ("document", "text/html"),
    ],
)  # fmt: skip
def test_a_type_that_is_not_of_its_kind_is_told_with_those_that_are(kind: MediaKind, mime_type: str) -> None:
    complaint = broken_media_limit(kind, mime_type, 10, b"")
    assert complaint is not None
    assert complaint.startswith(f"mime_type is {mime_type!r}, which is no {kind}; use one of ")


def test_an_empty_file_is_refused() -> None:
    assert broken_media_limit("image", "image/png", 0, b"") == "the file is empty; give one with content"


def test_a_sticker_that_is_no_webp_is_refused() -> None:
    assert "no WebP" in str(broken_media_limit("sticker", "image/webp", 10, b"\x89PNG"))


def test_an_ogg_without_opus_is_refused() -> None:
    assert "Opus" in str(broken_media_limit("audio", "audio/ogg", 10, b"OggS" + bytes(24) + b"\x01vorbis"))


def test_kinds_are_known_by_their_names() -> None:
    assert kind_of("document") == "document"
    assert kind_of("hologram") is None
    assert most_bytes("sticker") == 500 * 1024


@pytest.mark.parametrize(
    "url",
    [
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
        "https://lookaside.fbsbx.com:443/x",
        "https://graph.facebook.com/v26.0/x",
        "http://127.0.0.1:4100/media/x",
    ],
)
def test_the_token_is_shown_to_meta_and_to_the_graph_api_of_the_settings(url: str) -> None:
    assert is_allowed_source(url, HOSTS, "http://127.0.0.1:4100")


@pytest.mark.parametrize(
    "url",
    [
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com.evil.example/x",
        "https://evil.example/lookaside.fbsbx.com",
        "https://lookaside.fbsbx.com@evil.example/x",
        "https://me:secret@lookaside.fbsbx.com/x",
        "https://evil.example\\@lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "https://lookaside.fbsbx.com:99999/x",
        "https://lookaside.fbsbx.com./x",
        "https://look\u0430side.fbsbx.com/x",  # a Cyrillic letter
        "https://lookaside.fbsbx.com/\r\nX-Evil: 1",
        "http://127.0.0.1:4101/x",
        "https://127.0.0.1:4100/x",
        "file:///etc/passwd",
        "//lookaside.fbsbx.com/x",
        "https://[::1/x",
        "",
    ],
)
def test_the_token_is_shown_to_nobody_else(url: str) -> None:
    assert not is_allowed_source(url, HOSTS, "http://127.0.0.1:4100")


@pytest.mark.parametrize(
    "announced",
    [
        DIGEST.hex(),
        DIGEST.hex().upper(),
        base64.b64encode(DIGEST).decode(),
        base64.urlsafe_b64encode(DIGEST).decode().rstrip("="),
        "",
    ],
)
def test_a_digest_is_read_in_every_form_meta_writes(announced: str) -> None:
    check_sha256(announced, DIGEST)


@pytest.mark.parametrize("announced", [hashlib.sha256(b"another").hexdigest(), "z" * 64, "none", "AAAA", "é"])
def test_another_digest_or_none_at_all_is_refused(announced: str) -> None:
    with pytest.raises(MediaRefused):
        check_sha256(announced, DIGEST)


def test_a_content_type_loses_its_parameters() -> None:
    assert media_type("Audio/OGG; codecs=opus") == "audio/ogg"


def test_a_files_name_is_made_of_ids_and_what_it_holds() -> None:
    organization_id, lane_id = uuid.uuid4(), uuid.uuid4()
    assert object_key(organization_id, lane_id, DIGEST) == f"{organization_id}/{lane_id}/{DIGEST.hex()}"
    assert object_key(organization_id, None, DIGEST) == f"{organization_id}/own/{DIGEST.hex()}"
