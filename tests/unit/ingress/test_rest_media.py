"""Files over REST: kept under the caller's id, read as attachments, listed; and nobody's but the organization's."""

import hashlib
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from services.chassis.errors import FailedPrecondition
from services.ingress.domain.media import ReceivedView
from services.ingress.http.rest.media import PIECE_BYTES, SHARE
from services.pb.common.v1 import errors_pb2
from tests.fakes.ingress_media import MORNING
from tests.fixtures.rest import Asker

MEDIA = "/api/v1/media"
PICTURE = b"\x89PNG" + bytes(range(256)) * 20
ID = UUID(int=41)


async def put(
    asker: Asker, content: bytes | AsyncIterator[bytes] = PICTURE, *, media_id: UUID = ID, kind: str = "image",
    mime_type: str = "image/png", headers: dict[str, str] | None = None,
) -> httpx.Response:  # fmt: skip
    sent = {"content-type": mime_type} | asker.headers | (headers or {})
    return await asker.client.put(f"{MEDIA}/{media_id}?kind={kind}", content=content, headers=sent)


async def test_a_file_is_kept_under_the_callers_id_and_a_repeat_keeps_it_once(asker: Asker) -> None:
    first, again = await put(asker), await put(asker)

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json() == {
        "id": str(ID), "kind": "image", "mime_type": "image/png", "size": len(PICTURE),
        "sha256": hashlib.sha256(PICTURE).hexdigest(), "created_at": "2026-03-04T13:20:00Z",
    }  # fmt: skip
    assert list(asker.rights.shelf.kept) == [(asker.organization_id, ID)]


async def test_a_large_file_is_passed_on_in_pieces(asker: Asker) -> None:
    content = bytes(PIECE_BYTES * 2 + 5)

    answer = await put(asker, content, kind="document", mime_type="application/pdf")

    assert answer.json()["size"] == len(content)
    assert asker.rights.shelf.pieces == [PIECE_BYTES, PIECE_BYTES, 5]


async def test_another_file_under_the_same_id_is_refused(asker: Asker) -> None:
    await put(asker)
    answer = await put(asker, b"another")
    assert (answer.status_code, answer.json()["error_code"]) == (409, "MEDIA_EXISTS")


async def test_what_meta_would_refuse_is_refused_and_says_why(asker: Asker) -> None:
    answer = await put(asker, b"<html>", mime_type="text/html")
    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert "text/html" in answer.json()["detail"]


@pytest.mark.parametrize(("path", "field"), [(f"{ID}?kind=poem", "kind"), (f"{ID}", "kind"), ("7?kind=image", "id")])
async def test_a_file_needs_a_kind_and_an_id(asker: Asker, path: str, field: str) -> None:
    answer = await asker.client.put(f"{MEDIA}/{path}", content=PICTURE, headers=asker.headers)
    assert answer.status_code == 422
    assert field in answer.json()["detail"]


async def test_a_file_of_unknown_length_is_refused(asker: Asker) -> None:
    async def dribble() -> AsyncIterator[bytes]:
        yield PICTURE

    answer = await put(asker, dribble())

    assert (answer.status_code, answer.json()["error_code"]) == (411, "LENGTH_REQUIRED")
    assert asker.rights.shelf.pieces == []


async def test_more_than_meta_takes_of_any_kind_is_never_read_to_its_end(asker: Asker) -> None:
    async def flood() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield bytes(1024 * 1024)

    answer = await put(asker, flood(), headers={"content-length": str(200 * 1024 * 1024)})

    assert (answer.status_code, answer.json()["error_code"]) == (413, "BODY_TOO_LARGE")
    assert sum(asker.rights.shelf.pieces) <= 100 * 1024 * 1024


async def test_one_organization_brings_only_so_many_files_at_a_time(asker: Asker) -> None:
    answers: list[httpx.Response] = []

    async def one_more(depth: int) -> AsyncIterator[bytes]:
        """While this body is on its way, the next one begins."""
        if depth <= SHARE:
            answers.append(await put(asker, one_more(depth + 1), media_id=uuid4(), headers={"content-length": "1"}))
        yield b"x"

    answers.append(await put(asker, one_more(1), media_id=uuid4(), headers={"content-length": "1"}))

    assert sorted(answer.status_code for answer in answers) == [200] * SHARE + [503]
    assert (await put(asker)).status_code == 200


async def test_a_file_is_read_as_an_attachment_and_never_guessed_at(asker: Asker) -> None:
    await put(asker)

    answer = await asker.get(f"{MEDIA}/{ID}/content")

    assert answer.content == PICTURE
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(PICTURE))
    assert answer.headers["content-disposition"] == f'attachment; filename="{ID}.png"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("mime_type", ["text/html", "image/svg+xml", 'image/png"; x="', "", "application/pdf\r\nX: y"])
async def test_what_a_browser_could_run_is_given_out_as_plain_bytes(asker: Asker, mime_type: str) -> None:
    asker.rights.shelf.put(asker.organization_id, ID, "document", mime_type, b"<script>alert(1)</script>")

    answer = await asker.get(f"{MEDIA}/{ID}/content")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{ID}.bin"'


async def test_what_is_lost_is_an_error_and_no_empty_file(asker: Asker) -> None:
    await put(asker)
    asker.rights.shelf.lost = FailedPrecondition("it is gone", reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND)
    answer = await asker.get(f"{MEDIA}/{ID}/content")
    assert (answer.status_code, answer.json()["error_code"]) == (409, "MEDIA_NOT_FOUND")


async def test_a_neighbours_file_is_none(asker: Asker) -> None:
    await put(asker)
    neighbour = asker.in_role("org_admin", organization_id=uuid4())
    for path in (f"{MEDIA}/{ID}", f"{MEDIA}/{ID}/content"):
        assert (await asker.get(path)).status_code == 200
        answer = await neighbour.get(path)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "MEDIA_NOT_FOUND")


async def test_a_file_is_deleted_by_its_organization_alone(asker: Asker) -> None:
    await put(asker)
    place = f"{MEDIA}/{ID}"

    theirs = await asker.client.delete(place, headers=asker.in_role("org_admin", organization_id=uuid4()).headers)
    own = await asker.client.delete(place, headers=asker.headers)
    again = await asker.client.delete(place, headers=asker.headers)

    assert (theirs.status_code, theirs.json()["error_code"]) == (404, "MEDIA_NOT_FOUND")
    assert (own.status_code, own.content, again.status_code) == (204, b"", 404)


async def test_a_conversations_files_are_listed_with_what_became_of_them(asker: Asker) -> None:
    conversation = uuid4()
    pending = ReceivedView(
        media_id="a", conversation_id=str(conversation), kind="image", mime_type="image/jpeg", state="pending",
        reason="", size=0, sha256=b"", received_at=MORNING,
    )  # fmt: skip
    asker.rights.shelf.arrived[asker.organization_id, conversation] = [pending]

    own = await asker.get(MEDIA, conversation_id=conversation)
    theirs = await asker.in_role("agent", organization_id=uuid4()).get(MEDIA, conversation_id=conversation)

    assert own.json()["files"] == [
        {
            "id": "a", "conversation_id": str(conversation), "kind": "image", "mime_type": "image/jpeg",
            "state": "pending", "reason": None, "size": None, "sha256": None, "received_at": "2026-03-04T13:20:00Z",
        }
    ]  # fmt: skip
    assert theirs.json() == {"files": []}


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("PUT", f"{MEDIA}/{ID}?kind=image", {"org_admin", "supervisor", "agent"}),
        ("DELETE", f"{MEDIA}/{ID}", {"org_admin", "supervisor", "agent"}),
        ("GET", f"{MEDIA}/{ID}", {"super_admin", "org_admin", "supervisor", "agent"}),
        ("GET", f"{MEDIA}/{ID}/content", {"super_admin", "org_admin", "supervisor", "agent"}),
        ("GET", f"{MEDIA}?conversation_id={ID}", {"super_admin", "org_admin", "supervisor", "agent"}),
    ],
)
async def test_who_may_bring_and_read_files(asker: Asker, method: str, path: str, roles: set[str]) -> None:
    let_in = set()
    for role in ("super_admin", "org_admin", "supervisor", "agent", "viewer"):
        answer = await asker.client.request(method, path, content=PICTURE, headers=asker.in_role(role).headers)
        if answer.status_code != 403:
            let_in.add(role)
    assert let_in == roles
