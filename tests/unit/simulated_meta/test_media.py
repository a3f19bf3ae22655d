"""Files at the simulated Meta: what it takes, for how long, and from whom."""

import hashlib
import io
from typing import Any

import aiohttp
import pytest

from tests.unit.simulated_meta.world import AUTHORIZED, NUMBER, PHONE, World

UPLOAD = f"/v26.0/{NUMBER.phone_number_id}/media"
PICTURE = b"\x89PNG a boat"
DAY = 86400.0


async def upload(world: World, content: bytes = PICTURE, mime_type: str = "image/png", **fields: str) -> Any:
    form = aiohttp.FormData()
    for name, value in ({"messaging_product": "whatsapp", "type": mime_type} | fields).items():
        form.add_field(name, value)
    form.add_field("file", io.BytesIO(content), filename="boat.png", content_type=mime_type)
    answer = await world.client.post(UPLOAD, data=form, headers=AUTHORIZED)
    return answer.status, await answer.json()


async def fetch(world: World, url: str, token: str = "token-one") -> Any:
    path = "/" + url.split("/", 3)[3]
    answer = await world.client.get(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status, await answer.read()


async def test_an_uploaded_file_is_looked_up_and_fetched(world: World) -> None:
    _, made = await upload(world)

    status, found = await world.get(f"/v26.0/{made['id']}", phone_number_id=NUMBER.phone_number_id)

    assert (status, found["file_size"], found["mime_type"]) == (200, len(PICTURE), "image/png")
    assert found["sha256"] == hashlib.sha256(PICTURE).hexdigest()
    assert await fetch(world, found["url"]) == (200, PICTURE)


async def test_an_address_lasts_five_minutes_and_a_new_look_up_gives_another(world: World) -> None:
    _, made = await upload(world)
    _, found = await world.get(f"/v26.0/{made['id']}")
    await world.pass_time(301)
    assert await fetch(world, found["url"]) == (404, b"")
    _, again = await world.get(f"/v26.0/{made['id']}")
    assert await fetch(world, again["url"]) == (200, PICTURE)


async def test_an_uploaded_file_is_kept_thirty_days(world: World) -> None:
    _, made = await upload(world)
    await world.pass_time(30 * DAY - 1)
    assert (await world.get(f"/v26.0/{made['id']}"))[0] == 200
    await world.pass_time(2)
    assert (await world.get(f"/v26.0/{made['id']}"))[1]["error"]["error_subcode"] == 33


async def test_a_file_of_a_phone_is_kept_seven_days(world: World) -> None:
    sent = world.meta.shelf.send(NUMBER.phone_number_id, "image/jpeg", b"\xff\xd8")
    await world.pass_time(7 * DAY - 1)
    assert (await world.get(f"/v26.0/{sent.media_id}"))[0] == 200
    await world.pass_time(2)
    assert (await world.get(f"/v26.0/{sent.media_id}"))[0] == 400


async def test_a_deleted_file_is_gone(world: World) -> None:
    _, made = await upload(world)
    answer = await world.client.delete(f"/v26.0/{made['id']}", headers=AUTHORIZED)
    assert await answer.json() == {"success": True}
    assert (await world.get(f"/v26.0/{made['id']}"))[0] == 400


async def test_a_file_is_another_numbers_as_little_as_it_is_there(world: World) -> None:
    _, made = await upload(world)
    status, answer = await world.get(f"/v26.0/{made['id']}", phone_number_id="1")
    assert (status, answer["error"]["error_subcode"]) == (400, 33)


async def test_an_address_without_the_numbers_token_gives_nothing(world: World) -> None:
    _, made = await upload(world)
    _, found = await world.get(f"/v26.0/{made['id']}")
    assert (await fetch(world, found["url"], token="stale"))[0] == 401


@pytest.mark.parametrize(
    ("content", "mime_type", "fields", "code"),
    [
        (b"<html>", "text/html", {}, 100),
        (b"", "image/png", {}, 131053),
        (bytes(500 * 1024 + 1), "image/webp", {}, 131053),
        (PICTURE, "image/png", {"messaging_product": "telegraph"}, 100),
    ],
)
async def test_what_meta_would_not_take_is_refused(
    world: World, content: bytes, mime_type: str, fields: dict[str, str], code: int
) -> None:
    status, answer = await upload(world, content, mime_type, **fields)
    assert (status, answer["error"]["code"]) == (400, code)
    assert world.meta.shelf.uploads == 0


async def test_an_upload_that_is_no_form_is_refused(world: World) -> None:
    answer = await world.client.post(UPLOAD, json={"messaging_product": "whatsapp"}, headers=AUTHORIZED)
    assert (await answer.json())["error"]["code"] == 100


async def test_an_upload_without_a_file_is_refused(world: World) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("messaging_product", "whatsapp")
    answer = await world.client.post(UPLOAD, data=form, headers=AUTHORIZED)
    assert (await answer.json())["error"]["error_data"]["details"] == "The parameter file is required."


async def test_a_message_with_a_file_that_is_gone_is_refused_and_one_with_a_file_that_is_there_is_taken(
    world: World,
) -> None:
    _, made = await upload(world)
    picture = {"messaging_product": "whatsapp", "to": f"+{PHONE}", "type": "image", "image": {"id": made["id"]}}
    assert (await world.send(picture))[0] == 200

    await world.client.delete(f"/v26.0/{made['id']}", headers=AUTHORIZED)
    status, answer = await world.send(picture)

    assert (status, answer["error"]["code"]) == (400, 100)
    assert "attachment ID" in answer["error"]["error_data"]["details"]
