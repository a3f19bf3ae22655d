"""The phone: what it sends, what it shows, who reads what."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from services.embedded.meta.wamids import address_in, mint
from tests.unit.simulated_meta.world import NUMBER, PHONE, World, buttons, listing, rows, text

PLACE = f"/phone/api/{NUMBER.phone_number_id}/{PHONE}"


async def bubbles(world: World) -> list[dict[str, Any]]:
    _, history = await world.get(f"{PLACE}/history")
    found: list[dict[str, Any]] = history["bubbles"]
    return found


class Stream:
    """An open event stream."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def event(self) -> dict[str, Any]:
        """The next event with its id."""
        async with asyncio.timeout(5):
            number = int((await self._answer.content.readuntil(b"\n")).removeprefix(b"id: "))
            data = (await self._answer.content.readuntil(b"\n\n")).removeprefix(b"data: ")
        event: dict[str, Any] = json.loads(data)
        return event | {"sequence": number}


async def test_a_text_becomes_a_webhook_as_meta_sends_it(world: World) -> None:
    status, answer = await world.write({"text": "Hello", "name": "Ann"})
    await world.pass_time(0)
    (change,) = world.receiver.taken[0].changes
    user_id = change["contacts"][0]["user_id"]
    assert status == 200
    assert change == {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "442079460018", "phone_number_id": NUMBER.phone_number_id},
        "contacts": [{"profile": {"name": "Ann"}, "wa_id": PHONE, "user_id": user_id}],
        "messages": [
            {
                "from": PHONE,
                "from_user_id": user_id,
                "id": answer["id"],
                "timestamp": "1800000000",
                "type": "text",
                "text": {"body": "Hello"},
            }
        ],
    }
    envelope = json.loads(world.receiver.taken[0].body)
    assert envelope["object"] == "whatsapp_business_account"
    assert envelope["entry"][0]["id"] == NUMBER.waba_id
    assert envelope["entry"][0]["changes"][0]["field"] == "messages"


async def test_a_tap_on_a_template_is_a_button_with_its_payload(world: World) -> None:
    button = {"type": "button", "sub_type": "quick_reply", "index": "0",
              "parameters": [{"type": "payload", "payload": "coming"}]}  # fmt: skip
    template = {"name": "boarding", "language": {"code": "en"}, "components": [button]}
    body = {"messaging_product": "whatsapp", "to": f"+{PHONE}", "type": "template", "template": template}
    _, sent = await world.send(body)
    await world.write({"reply": {"kind": "button", "id": "coming", "title": "coming"}})
    await world.pass_time(0)

    (message,) = world.receiver.messages()
    assert message["type"] == "button"
    assert message["button"] == {"payload": "coming", "text": "coming"}
    assert message["context"] == {"from": "442079460018", "id": sent["messages"][0]["id"]}


async def test_a_name_is_remembered(world: World) -> None:
    await world.write({"text": "Hello", "name": "Ann"})
    await world.write({"text": "Hello again"})
    await world.pass_time(0)
    assert [post.changes[0]["contacts"][0]["profile"]["name"] for post in world.receiver.taken] == ["Ann", "Ann"]


async def test_a_phone_written_in_any_way_is_the_same_phone(world: World) -> None:
    await world.write({"text": "Hello"}, phone="+44 7700 900123")
    assert [bubble["text"] for bubble in await bubbles(world)] == ["Hello"]


async def test_a_person_who_hides_the_number_is_known_by_user_id_only(world: World) -> None:
    await world.write({"text": "Hello"}, phone="GB.90210")
    await world.pass_time(0)
    (change,) = world.receiver.taken[0].changes
    assert change["contacts"] == [{"profile": {"name": "Simulated phone"}, "user_id": "GB.90210"}]
    assert "from" not in change["messages"][0]
    assert change["messages"][0]["from_user_id"] == "GB.90210"


async def test_a_reply_to_a_user_id_reaches_the_phone_behind_it(world: World) -> None:
    await world.write({"text": "Hello"})
    await world.pass_time(0)
    user_id = world.receiver.messages()[0]["from_user_id"]
    await world.send({"messaging_product": "whatsapp", "recipient": user_id, "text": {"body": "Hi"}})
    assert [bubble["text"] for bubble in await bubbles(world)] == ["Hello", "Hi"]


async def test_a_tapped_button_quotes_the_newest_message_that_offers_it(world: World) -> None:
    await world.send(buttons("Yes", "No"))
    _, newest = await world.send(buttons("Yes", "No"))
    await world.send(text("By the way"))
    await world.write({"reply": {"kind": "button_reply", "id": "b2", "title": "No"}})
    await world.pass_time(0)
    (message,) = world.receiver.messages()
    assert message["type"] == "interactive"
    assert message["interactive"] == {
        "type": "button_reply",
        "button_reply": {"id": "b2", "title": "No"},
    }
    assert message["context"] == {"from": "442079460018", "id": newest["messages"][0]["id"]}


async def test_a_tapped_row_brings_its_description(world: World) -> None:
    await world.send(listing([{"title": "Rooms", "rows": rows(2, description="With a view")}]))
    await world.write({"reply": {"kind": "list_reply", "id": "r2", "title": "Row 2"}})
    await world.pass_time(0)
    (message,) = world.receiver.messages()
    reply = {"id": "r2", "title": "Row 2", "description": "With a view"}
    assert message["interactive"] == {"type": "list_reply", "list_reply": reply}


async def test_a_choice_nobody_offered_is_sent_without_quoting(world: World) -> None:
    await world.write({"reply": {"kind": "button_reply", "id": "old", "title": "Old"}})
    await world.pass_time(0)
    assert "context" not in world.receiver.messages()[0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"text": ""},
        {"text": 5},
        {"text": "x" * 4097},
        {"text": "x", "name": ""},
        {"reply": {"kind": "nfm_reply", "id": "x", "title": "x"}},
        {"reply": {"kind": "button_reply", "title": "x"}},
        {"reply": "yes"},
    ],
)
async def test_what_a_phone_cannot_send_is_refused(world: World, body: Any) -> None:
    status, answer = await world.write(body)
    assert status == 400
    assert answer["detail"]
    assert await bubbles(world) == []


@pytest.mark.parametrize("phone", ["Ann", "123", "1" * 16])
async def test_what_is_no_phone_is_refused_with_the_form_of_one(world: World, phone: str) -> None:
    status, answer = await world.write({"text": "Hello"}, phone=phone)
    assert status == 400
    assert answer["detail"].startswith(f"from is {phone!r}; write a phone number")


async def test_a_number_nobody_registered_is_refused_with_those_there_are(world: World) -> None:
    status, answer = await world.get(f"/phone/api/1/{PHONE}/history")
    assert status == 400
    assert answer["detail"].startswith("number is 1, which is no business number here; use one of: ")


async def test_own_ticks_rise_from_sent_to_delivered_to_read(world: World) -> None:
    _, answer = await world.write({"text": "Hello"})
    assert (await bubbles(world))[0]["status"] == "sent"
    await world.pass_time(0)
    assert (await bubbles(world))[0]["status"] == "delivered"
    await world.send({"messaging_product": "whatsapp", "status": "read", "message_id": answer["id"]})
    assert (await bubbles(world))[0]["status"] == "read"


async def test_a_read_receipt_covers_what_came_before_but_nothing_after(world: World) -> None:
    wamids = [(await world.write({"text": words}))[1]["id"] for words in ("one", "two", "three")]
    await world.pass_time(0)
    await world.send({"messaging_product": "whatsapp", "status": "read", "message_id": wamids[1]})
    assert [bubble["status"] for bubble in await bubbles(world)] == ["read", "read", "delivered"]


async def test_a_webhook_not_yet_taken_leaves_one_tick(world: World) -> None:
    world.receiver.refusals = 100
    await world.write({"text": "Hello"})
    await world.pass_time(10)
    assert (await bubbles(world))[0]["status"] == "sent"


async def test_the_screen_shows_lists_with_header_footer_and_sections(world: World) -> None:
    sections: list[dict[str, object]] = [{"title": "Rooms", "rows": rows(1, description="Sea")}]
    await world.send(listing(sections, header={"type": "text", "text": "Hotel"}, footer={"text": "Until 6 pm"}))
    (bubble,) = await bubbles(world)
    assert (bubble["header"], bubble["text"], bubble["footer"]) == ("Hotel", "Which one?", "Until 6 pm")
    assert (bubble["is_mine"], bubble["list_label"]) == (False, "See all")
    assert bubble["choices"] == [
        {"kind": "list_reply", "id": "r1", "title": "Row 1", "description": "Sea", "section": "Rooms"}
    ]


async def test_a_message_outside_the_window_never_reaches_the_screen(world: World) -> None:
    world.limit(strict_window=True)
    await world.send(text())
    assert await bubbles(world) == []


async def test_the_history_forgets_the_oldest_beyond_500_bubbles(world: World) -> None:
    world.limit(messages_per_second=0, pair_burst=0)
    world.misbehave(statuses=())
    for turn in range(502):
        await world.send(text(f"{turn}"))
    shown = await bubbles(world)
    assert (len(shown), shown[0]["text"], shown[-1]["text"]) == (500, "2", "501")


async def test_a_stream_tells_bubbles_ticks_and_typing(world: World) -> None:
    async with world.client.get(f"{PLACE}/events?since=0") as answer:
        stream = Stream(answer)
        assert answer.content_type == "text/event-stream"
        _, mine = await world.write({"text": "Hello"})
        assert (await stream.event())["bubble"]["status"] == "sent"
        await world.pass_time(0)
        assert (await stream.event())["bubble"]["status"] == "delivered"
        receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": mine["id"]}
        await world.send(receipt | {"typing_indicator": {"type": "text"}})
        assert (await stream.event())["bubble"]["status"] == "read"
        assert (await stream.event())["type"] == "typing"
        await world.send(text("Hi there"))
        assert (await stream.event())["bubble"]["text"] == "Hi there"


async def test_a_stream_goes_on_where_the_reader_stopped(world: World) -> None:
    for words in ("one", "two", "three"):
        await world.send(text(words))
    async with world.client.get(f"{PLACE}/events?since=1") as answer:
        assert (await Stream(answer).event())["bubble"]["text"] == "two"
    async with world.client.get(f"{PLACE}/events?since=1", headers={"Last-Event-ID": "2"}) as answer:
        assert (await Stream(answer).event())["bubble"]["text"] == "three"


async def test_a_reader_from_before_a_restart_starts_over(world: World) -> None:
    await world.send(text("one"))
    async with world.client.get(f"{PLACE}/events?since=99") as answer:
        assert (await Stream(answer).event())["bubble"]["text"] == "one"


async def test_messages_are_read_while_the_phone_is_looked_at_and_only_then(world: World) -> None:
    await world.send(text("unseen"))
    await world.pass_time(10)
    assert [status["status"] for status in world.receiver.statuses()] == ["sent", "delivered"]
    async with world.client.get(f"{PLACE}/events?since=0") as answer:
        await Stream(answer).event()
        await world.pass_time(10)
        assert world.receiver.statuses()[-1]["status"] == "read"
        await world.send(text("seen"))
        await world.pass_time(10)
    told = [status["status"] for status in world.receiver.statuses()]
    assert told == ["sent", "delivered", "read", "sent", "delivered", "read"]


async def test_streams_end_when_the_server_stops(world: World) -> None:
    answer = await world.client.get(f"{PLACE}/events?since=0")
    world.meta.close_screens()
    async with asyncio.timeout(5):
        assert await answer.content.read() == b""


async def test_the_bare_address_leads_to_the_phone(world: World) -> None:
    answer = await world.client.get("/", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/phone")


async def test_numbers_are_listed_without_secrets(world: World) -> None:
    _, listed = await world.get("/phone/api/numbers")
    assert listed["numbers"] == [
        {
            "phone_number_id": NUMBER.phone_number_id,
            "display_phone_number": "+44 20 7946 0018",
            "verified_name": "Harbour Books",
        }
    ]


@pytest.mark.parametrize("path", ["/phone", "/phone/phone.css", "/phone/phone.js"])
async def test_the_page_needs_nothing_from_elsewhere(world: World, path: str) -> None:
    answer = await world.client.get(path)
    content = (await answer.text()).replace("http://www.w3.org/2000/svg", "")
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "//" not in content.replace("// ", "")


@pytest.mark.parametrize("foreign", ["", "wamid.", "wamid.HBgL", "wamid.####", "wamid.aGVsbG8="])
def test_an_id_tells_its_owner_unless_it_is_foreign(foreign: str) -> None:
    assert address_in(mint("447700900123", "n1")) == "447700900123"
    assert address_in(foreign) == ""
