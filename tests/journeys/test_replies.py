"""What goes out: buttons and lists that are tapped, and what Meta tells about each message."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from tests.journeys import rooms, webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, flow_of, sign
from tests.journeys.webhooks import Person


def test_buttons_and_list_rows_tapped_on_the_phone_are_answers(open_shop: OpenShop) -> None:
    shop = open_shop({"picnic": flow_of("picnic")})
    person, token = shop.person(), shop.token()
    write(shop, person, {"text": "Let us go out"}, replies=1)
    write(shop, person, {"reply": {"kind": "button_reply", "id": "hill", "title": "Up the hill"}}, replies=2)
    write(shop, person, {"reply": {"kind": "list_reply", "id": "plum", "title": "Plum cake"}}, replies=3)
    assert shop.replies(person) == ["Where shall the basket go?", "What goes in?", "plum to the hill, at noon."]
    first, second, _ = (entry["body"] for entry in shop.sent_to(person))
    assert [button["reply"]["title"] for button in first["interactive"]["action"]["buttons"]] == [
        "To the lake",
        "Up the hill",
    ]
    assert [section["title"] for section in second["interactive"]["action"]["sections"]] == ["Sweet", "Salty"]
    found = shop.conversation(person, token=token)
    assert found["current_state"]["variables"] == {"place": "hill", "basket": "plum"}
    assert [line["content"] for line in found["messages"] if line["type"] == "user"][1:] == ["Up the hill", "Plum cake"]


def test_a_typed_title_counts_as_the_tap(open_shop: OpenShop) -> None:
    shop = open_shop({"picnic": flow_of("picnic")})
    person = shop.person()
    shop.hear_text(person, "hello", " to the LAKE", "leek pie")
    assert shop.replies(person)[-1] == "pie to the lake, at noon."


def test_what_meta_tells_about_a_message_reaches_sender(open_shop: OpenShop) -> None:
    shop = open_shop({"sign": sign("Ring twice.")})
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "hello")
    # The phone is not looked at yet: Meta tells sent and delivered by itself.
    (delivered,) = eventually(lambda: told(shop, token, "delivered"), "a delivered message")
    assert (delivered.state, delivered.attempts, len(delivered.wamids)) == ("accepted", 1, 1)
    assert delivered.wamids[0] == shop.sent_to(person)[0]["wamid"]
    look_at_the_phone(shop, person)
    (read,) = eventually(lambda: told(shop, token, "read"), "a read message")
    assert read.message_id == delivered.message_id


@pytest.mark.parametrize(("days", "replies"), [(0.9, ["In time."]), (2, []), (900, ["In time."])])
def test_a_free_reply_leaves_only_within_a_day_of_a_time_that_can_be_true(
    open_shop: OpenShop, days: float, replies: list[str]
) -> None:
    # Meta repeats for seven days, so what says it is years old is a sample or a wrong clock.
    shop = open_shop({"sign": sign("In time.")})
    person = shop.person()
    written = {"timestamp": str(int(time.time() - days * 86_400))}
    shop.hear(person, webhooks.text(person, "hello") | written)
    assert shop.replies(person) == replies
    # What could not be said waits for the contact's next message.
    assert shop.conversation(person, token=shop.token())["is_active"] is (not replies)
    if not replies:
        shop.hear_text(person, "hello?")
        assert shop.replies(person) == ["In time."]


def write(shop: Shop, person: Person, what: dict[str, Any], *, replies: int) -> None:
    """Write or tap on the simulated phone, and wait until so many replies have come in all."""
    place = f"{shop.house.meta}/phone/api/{shop.number}/{person.wa_id}"
    shop.house.web.post(f"{place}/messages", json=what).raise_for_status()
    eventually(lambda: len(shop.replies(person)) >= replies, f"reply {replies}")
    shop.house.settle()


def look_at_the_phone(shop: Shop, person: Person) -> None:
    """Hold the event stream of the phone open for a moment, as somebody who reads it does."""
    place = f"{shop.house.meta}/phone/api/{shop.number}/{person.wa_id}"
    with shop.house.web.stream("GET", f"{place}/events") as stream:
        next(stream.iter_lines())


def told(shop: Shop, token: str, status: str) -> list[sender_pb2.MessageRecord]:
    """The shop's messages of which Meta has told this status last."""
    request = sender_pb2.ListMessagesRequest(organization_id=rooms.organization_of(token))
    answer = rooms.call(shop.house, "sender", sender_pb2_grpc.MessageServiceStub, "List", request, token=token)
    return [message for message in answer.messages if message.status == status]
