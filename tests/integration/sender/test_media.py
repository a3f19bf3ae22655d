"""Files that messages send: kept, given to Meta once for each number, and named by Meta's id in the message."""

import asyncio
import hashlib
import uuid
from pathlib import Path

import orjson
import pytest

from services.chassis.errors import InvalidArgument, NotFound
from services.embedded.meta.scripted import ScriptedAnswer
from services.pb.common.v1 import content_pb2, events_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.app import Room
from services.sender.server.media import MediaServer
from tests.integration.sender.conftest import NUMBER, Stage, eventually, settled

PICTURE = b"\x89PNG" + bytes(range(256)) * 40


async def upload(
    stage: Stage,
    room: Room,
    content: bytes = PICTURE,
    *,
    pieces: int = 1,
    media_id: str = "",
    mime_type: str = "image/png",
) -> sender_pb2.UploadMediaResponse:
    """The answer to the last piece."""
    media_id = str(uuid.uuid4())
    length = -(-len(content) // pieces)
    answers = [
        await MediaServer(room.files.keep, room.files.delete).UploadMedia(
            sender_pb2.UploadMediaRequest(
                organization_id=stage.organization_id, media_id=media_id, kind=content_pb2.MEDIA_KIND_IMAGE,
                mime_type=mime_type, size=len(content), position=start, content=content[start : start + length],
            ),
            None,  # type: ignore[arg-type]  # the server uses no context
        )
        for start in range(0, len(content), length)
    ]  # fmt: skip
    return answers[-1]


def picture(stage: Stage, media_id: str, *, conversation: uuid.UUID | None = None) -> sender_pb2.OutboundMessage:
    media = content_pb2.Media(kind=content_pb2.MEDIA_KIND_IMAGE, upload=media_id)
    content = content_pb2.Content(media=content_pb2.MediaContent(media=media, caption="The harbour"))
    return stage.message(conversation or uuid.uuid4(), "", content=content)


def will_be_refused(stage: Stage, code: int, *, times: int) -> None:
    """Meta's next answers to sends."""
    error = {"error": {"message": f"(#{code}) refused", "type": "OAuthException", "code": code}}
    stage.meta.script.put(NUMBER, [ScriptedAnswer(400, orjson.dumps(error), {})] * times)


def sent(stage: Stage) -> list[dict[str, object]]:
    return [orjson.loads(entry.body)["image"] for entry in stage.meta.ledger.read()]


async def test_a_file_in_pieces_is_given_back_whole(stage: Stage) -> None:
    room = await stage.sender()

    answer = await upload(stage, room, pieces=3)

    assert answer.media.sha256 == hashlib.sha256(PICTURE).digest()
    request = sender_pb2.GetMediaContentRequest(organization_id=stage.organization_id, media_id=answer.media.media_id)
    stream = MediaServer(room.files.keep, room.files.delete).GetMediaContent(request, None)  # type: ignore[arg-type]  # as above
    assert b"".join([piece.content async for piece in stream]) == PICTURE
    assert await stage.sql("SELECT count(*) FROM sender.media_piece") == [(0,)]


async def test_a_file_that_is_not_whole_is_not_there_yet(stage: Stage) -> None:
    room = await stage.sender()
    request = sender_pb2.UploadMediaRequest(
        organization_id=stage.organization_id, media_id=str(uuid.uuid4()), kind=content_pb2.MEDIA_KIND_IMAGE,
        mime_type="image/png", size=100, position=50, content=bytes(50),
    )  # fmt: skip
    server = MediaServer(room.files.keep, room.files.delete)
    assert not (await server.UploadMedia(request, None)).HasField("media")  # type: ignore[arg-type]  # as above
    asked = sender_pb2.GetMediaRequest(organization_id=stage.organization_id, media_id=request.media_id)
    with pytest.raises(NotFound):
        await server.GetMedia(asked, None)  # type: ignore[arg-type]  # as above


async def test_what_meta_would_refuse_is_refused_at_once(stage: Stage) -> None:
    room = await stage.sender()
    with pytest.raises(InvalidArgument, match="which is no image"):
        await upload(stage, room, mime_type="image/gif")


async def test_another_organization_does_not_see_a_file(stage: Stage) -> None:
    room = await stage.sender()
    answer = await upload(stage, room)
    asked = sender_pb2.GetMediaRequest(organization_id=str(uuid.uuid4()), media_id=answer.media.media_id)
    with pytest.raises(NotFound):
        await MediaServer(room.files.keep, room.files.delete).GetMedia(asked, None)  # type: ignore[arg-type]  # as above


async def test_a_message_names_the_file_by_metas_id(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    answer = await upload(stage, room)

    await stage.enqueue(room, picture(stage, answer.media.media_id))
    await settled(stage, 1)

    (image,) = sent(stage)
    file = stage.meta.shelf.look_up(str(image["id"]))
    assert file is not None
    assert (file.phone_number_id, file.mime_type, file.content) == (NUMBER, "image/png", PICTURE)
    assert image["caption"] == "The harbour"


async def test_a_file_goes_to_meta_once_however_many_messages_and_senders_send_it(stage: Stage) -> None:
    first, second = await stage.sender(), await stage.sender()
    await stage.put_token(first)
    answer = await upload(stage, first)

    messages = [picture(stage, answer.media.media_id) for _ in range(12)]
    await asyncio.gather(stage.enqueue(first, *messages[:6]), stage.enqueue(second, *messages[6:]))
    await settled(stage, 12)

    assert stage.meta.shelf.uploads == 1
    assert len({str(image["id"]) for image in sent(stage)}) == 1


async def test_an_id_that_meta_may_have_forgotten_is_not_used_again(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    answer = await upload(stage, room)
    await stage.enqueue(room, picture(stage, answer.media.media_id))
    await settled(stage, 1)

    await stage.sql("UPDATE sender.media_upload SET uploaded_at = now() - interval '29 days 1 minute' RETURNING 1")
    await stage.enqueue(room, picture(stage, answer.media.media_id))
    await settled(stage, 2)

    assert stage.meta.shelf.uploads == 2


async def test_a_file_that_meta_has_lost_is_given_to_it_anew_and_the_message_leaves_after_all(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    answer = await upload(stage, room)
    await stage.enqueue(room, picture(stage, answer.media.media_id))
    await settled(stage, 1)
    (first,) = sent(stage)
    stage.meta.shelf.delete(str(first["id"]))

    await stage.enqueue(room, picture(stage, answer.media.media_id))
    await settled(stage, 2)

    _, second = sent(stage)
    assert second["id"] != first["id"]
    assert [row["state"] for row in await stage.rows()] == ["accepted", "accepted"]
    assert stage.meta.shelf.uploads == 2


async def test_a_message_whose_upload_failed_at_meta_is_sent_once_more_with_a_new_one(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    answer = await upload(stage, room)
    will_be_refused(stage, 131053, times=1)

    await stage.enqueue(room, picture(stage, answer.media.media_id))
    await settled(stage, 1)

    assert len(sent(stage)) == 1
    assert stage.meta.shelf.uploads == 2


@pytest.mark.parametrize("code", [131053, 100])
async def test_what_is_refused_with_a_new_upload_too_fails_and_costs_its_followers_none(
    stage: Stage, code: int
) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    answer = await upload(stage, room)
    will_be_refused(stage, code, times=3)
    conversation = uuid.uuid4()

    await stage.enqueue(room, *(picture(stage, answer.media.media_id, conversation=conversation) for _ in range(3)))
    await settled(stage, 3)

    rows = sorted(await stage.rows("attempts", "error_code"), key=lambda row: row["attempts"])
    assert [(row["state"], row["attempts"], row["error_code"]) for row in rows if row["state"] == "failed"] == [
        ("failed", 1, code),
        ("failed", 2, code),
    ]
    assert len(sent(stage)) == 1
    assert stage.meta.shelf.uploads == 2


async def test_a_file_that_meta_took_and_could_not_use_is_given_to_it_anew_for_the_next_message(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    answer = await upload(stage, room)
    await stage.enqueue(room, picture(stage, answer.media.media_id))
    await settled(stage, 1)
    (row,) = await stage.rows()
    failed = events_pb2.MessageStatus(
        event_id="failed", phone_number_id=NUMBER, message_id=row["wamids"][0], status="failed",
        callback_data=str(row["message_id"]), occurred_at=1, error_codes=[131053],
    )  # fmt: skip

    await stage.apply(room, failed)
    await stage.enqueue(room, picture(stage, answer.media.media_id))
    await settled(stage, 2)

    first, second = sent(stage)
    assert second["id"] != first["id"]
    assert [row["status"] for row in await stage.rows()] == ["failed", "none"]


async def test_a_message_that_names_no_file_fails_and_says_so(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)

    await stage.enqueue(room, picture(stage, str(uuid.uuid4())))
    await settled(stage, 1)

    (row,) = await stage.rows("error_text")
    assert row["state"] == "failed"
    assert "names no file" in row["error_text"]
    assert stage.arrivals() == []


async def test_a_message_with_a_file_waits_for_the_numbers_token(stage: Stage) -> None:
    room = await stage.sender()
    answer = await upload(stage, room)
    await stage.enqueue(room, picture(stage, answer.media.media_id))

    async def is_held() -> bool:
        (row,) = await stage.rows("error_text")
        return row["error_text"] == "the number has no access token"

    await eventually(is_held)
    await stage.put_token(room)
    await settled(stage, 1)

    assert len(sent(stage)) == 1


async def delete(stage: Stage, room: Room, media_id: str, *, organization_id: str = "") -> None:
    request = sender_pb2.DeleteMediaRequest(organization_id=organization_id or stage.organization_id, media_id=media_id)
    await MediaServer(room.files.keep, room.files.delete).DeleteMedia(request, None)  # type: ignore[arg-type]


def kept(stage: Stage) -> list[Path]:
    return [path for path in Path(stage.settings.media_folder).rglob("*") if path.is_file()]


async def test_a_deleted_file_is_gone_here_and_at_meta_and_the_audit_log_says_so(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    media_id = (await upload(stage, room)).media.media_id
    await stage.enqueue(room, picture(stage, media_id))
    await settled(stage, 1)
    (image,) = sent(stage)

    await delete(stage, room, media_id)

    assert kept(stage) == []
    assert stage.meta.shelf.look_up(str(image["id"])) is None
    assert await stage.sql("SELECT count(*) FROM sender.media_upload") == [(0,)]
    actions = await stage.sql("SELECT action, object FROM sender.audit_event WHERE action LIKE 'media.%'")
    assert actions == [("media.delete", f"media:{media_id}")]
    with pytest.raises(NotFound):
        await delete(stage, room, media_id)


async def test_content_that_another_file_has_too_stays(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    first, second = [(await upload(stage, room)).media.media_id for _ in range(2)]

    await delete(stage, room, first)
    assert len(kept(stage)) == 1
    await stage.enqueue(room, picture(stage, second))
    await settled(stage, 1)
    assert len(sent(stage)) == 1

    await delete(stage, room, second)
    assert kept(stage) == []


async def test_another_organization_deletes_nothing(stage: Stage) -> None:
    room = await stage.sender()
    media_id = (await upload(stage, room)).media.media_id
    with pytest.raises(NotFound):
        await delete(stage, room, media_id, organization_id=str(uuid.uuid4()))
    assert len(kept(stage)) == 1


async def test_a_file_that_meta_does_not_delete_now_is_deleted_here(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)
    media_id = (await upload(stage, room)).media.media_id
    await stage.enqueue(room, picture(stage, media_id))
    await settled(stage, 1)
    stage.meta.shelf.delete(str(sent(stage)[0]["id"]))

    await delete(stage, room, media_id)

    assert kept(stage) == []
