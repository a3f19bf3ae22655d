"""Whose message it is: organizations, numbers, keywords, and who answers."""

from __future__ import annotations

import json

from services.pb.router.v1 import router_pb2, router_pb2_grpc
from tests.journeys import rooms, webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.shop import Shop, flow_of, sign, texts
from tests.journeys.webhooks import Person


def test_one_post_for_two_organizations_reaches_each_in_order(open_shop: OpenShop) -> None:
    here, there = open_shop({"echo": flow_of("echo")}), open_shop({"echo": flow_of("echo")})
    person, stranger = here.person(), there.person()
    lines = ["first", "second", "third", "fourth", "fifth"]
    spoken, elsewhere = texts(person, lines), texts(stranger, ["alone"])
    # The same person writes to both organizations: two contacts, two conversations.
    guest = texts(person, ["as a guest"])
    content = webhooks.body(
        [
            webhooks.change(here.number, [person], messages=spoken[:2]),
            webhooks.change(there.number, statuses=[webhooks.status(stranger, "wamid.of.theirs", "read")]),
            webhooks.change(there.number, [stranger, person], messages=elsewhere + guest),
            webhooks.change(here.number, [person], messages=spoken[2:4]),
        ],
        [
            webhooks.change(here.number, statuses=[webhooks.status(person, "wamid.of.ours", "delivered")]),
            webhooks.change(here.number, [person], messages=spoken[4:]),
        ],
    )
    # A number takes only what its own app signed, so this pair shares one secret.
    there.apply(there.document({}, meta_apps=[{"name": there.app, "app_secret": here.secret, "verify_token": "v"}]))
    answer = here.house.web.post(
        f"{here.house.http}{webhooks.PATH}", content=content, headers=webhooks.signed(content, here.secret)
    )
    assert answer.status_code == 200
    here.house.settle()
    assert here.replies(person) == ["You said: ", *(f"You said: {line}" for line in lines[1:])]
    assert there.replies(stranger) == ["You said: "]
    assert there.replies(person) == ["You said: "]
    theirs = there.ask("GET", "/conversations", token=there.token()).json()
    assert theirs["total"] == 2
    assert here.ask("GET", "/conversations", token=here.token()).json()["total"] == 1


def test_a_number_bound_to_another_app_takes_nothing(open_shop: OpenShop) -> None:
    here, there = open_shop({"sign": sign("here")}), open_shop({"sign": sign("there")})
    person = there.person()
    content = webhooks.body([webhooks.change(there.number, [person], messages=texts(person, ["hi"]))])
    assert here.post(content).status_code == 200
    here.house.settle()
    assert there.replies(person) == []
    assert any(event["event"]["phone_number_id"] == there.number for event in unroutable(here))


def test_keyword_then_number_then_chatbot_then_fallback_choose_the_flow(open_shop: OpenShop) -> None:
    flows = {words: sign(words) for words in ("keyword", "number", "chatbot", "fallback")}
    shop = open_shop(flows)
    third = shop.number.replace("73", "75", 1)
    numbers = [
        shop.number_entry(shop.number, default_flow="number", chatbot="helper"),
        shop.number_entry(shop.second_number, chatbot="helper"),
        shop.number_entry(third),
    ]
    shop.apply(
        shop.document(
            flows,
            numbers=numbers,
            chatbots=[{"name": "helper", "default_flow": "chatbot"}],
            fallback_flow="fallback",
            triggers=[{"keywords": ["pruning", "grafting"], "match": "exact", "flow": "keyword"}],
        )
    )
    person = shop.person()
    for number, said in ((shop.number, "number"), (shop.second_number, "chatbot"), (third, "fallback")):
        shop.hear_text(person, "anything", "  Pruning ", "pruning?", number=number)
        assert shop.replies(person, number=number) == [said, "keyword", said]


def test_a_conversation_of_a_person_is_never_answered_by_a_flow(open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo")})
    person, token = shop.person(), shop.token("agent")
    shop.hear_text(person, "hello", "is it open?")
    give(shop, person, router_pb2.OWNER_PERSON, token)
    shop.hear_text(person, "somebody there?", "please")
    assert shop.replies(person) == ["You said: ", "You said: is it open?"]
    give(shop, person, router_pb2.OWNER_BOT, token)
    shop.hear_text(person, "thanks")
    assert shop.replies(person)[2:] == ["You said: thanks"]


def test_a_message_to_an_unknown_number_is_taken_and_kept_visible(open_shop: OpenShop) -> None:
    shop = open_shop({"sign": sign("here")})
    unknown = shop.number.replace("73", "79", 1)
    person = shop.person()
    shop.hear(person, *texts(person, ["anybody?"]), number=unknown)
    (event,) = [event for event in unroutable(shop) if event["event"].get("phone_number_id") == unknown]
    assert event["event"]["text"] == "anybody?"
    assert f"no organization has the number {unknown}" in event["reason"]


def test_a_body_that_the_app_did_not_sign_leaves_no_trace(open_shop: OpenShop) -> None:
    shop = open_shop({"sign": sign("here")})
    person = shop.person()
    content = webhooks.body([webhooks.change(shop.number, [person], messages=texts(person, ["forged"]))])
    refused = shop.post(content, secret="another secret")
    assert (refused.status_code, refused.json()["error_code"]) == (403, "WEBHOOK_INVALID_SIGNATURE")
    shop.house.settle()
    assert shop.replies(person) == []
    assert shop.ask("GET", f"/conversations/{person.wa_id}", token=shop.token()).status_code == 404
    assert "forged" not in shop.house.pytake("events", "--json", "--limit", "1000")
    # The same bytes under the right signature are news: the forgery did not use their ids up.
    shop.deliver(content)
    shop.house.settle()
    assert shop.replies(person) == ["here"]


def give(shop: Shop, person: Person, owner: router_pb2.Owner.ValueType, token: str) -> None:
    """Hand the person's conversations over."""
    request = router_pb2.SetOwnerRequest(
        organization_id=rooms.organization_of(token), contact=person.wa_id, owner=owner
    )
    stub = router_pb2_grpc.ConversationsStub
    answer = rooms.call(shop.house, "router", stub, "SetOwner", request, token=token)
    assert answer.changed == 1


def unroutable(shop: Shop) -> list[dict[str, dict[str, str]]]:
    """Kept events that belong to nobody, newest first."""
    said = shop.house.pytake("events", "--disposition", "unroutable", "--json", "--limit", "1000")
    return [json.loads(line) for line in said.splitlines()]
