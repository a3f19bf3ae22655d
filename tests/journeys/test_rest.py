"""The REST API of conversations, over a running house."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.conftest import OpenShop
from tests.journeys.shop import Shop, flow_of, texts


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop({"seedlings": flow_of("seedlings"), "echo": flow_of("echo")})


def test_conversations_are_listed_latest_first_and_only_ones_own(shop: Shop, open_shop: OpenShop) -> None:
    people = [shop.person(nth) for nth in (1, 2, 3)]
    for person in people:
        shop.hear_text(person, "Oi")
    shop.hear(people[0], *texts(people[0], ["Ana", "2"]))
    token = shop.token("agent")

    answer = shop.ask("GET", "/conversations", token=token, params={"limit": 2})
    page = answer.json()
    assert page["total"] == 3
    assert [digits(found["phone_number"]) for found in page["conversations"]] == [people[0].wa_id, people[2].wa_id]
    first = page["conversations"][0]
    assert (first["is_active"], first["current_node_id"], first["flow_name"]) == (False, None, "seedlings")
    assert first["messages_count"] == 8

    following = answer.links["next"]["url"].removeprefix("/api/v1")
    shop.hear_text(people[2], "Zé")  # What is said meanwhile shifts no page.
    last = shop.ask("GET", following, token=token)
    assert [digits(found["phone_number"]) for found in last.json()["conversations"]] == [people[1].wa_id]
    assert "next" not in last.links
    wrong = shop.ask("GET", "/conversations", token=token, params={"cursor": "nonsense"}).json()
    assert [each["field"] for each in wrong["errors"]] == ["cursor"]
    rest = shop.ask("GET", "/conversations", token=token, params={"skip": 2}).json()["conversations"]
    assert [digits(found["phone_number"]) for found in rest] == [people[1].wa_id]
    active = shop.ask("GET", "/conversations", token=token, params={"is_active": "true"}).json()
    assert active["total"] == 2

    elsewhere = open_shop({"echo": flow_of("echo")}).token("agent")
    assert shop.ask("GET", "/conversations", token=elsewhere).json() == {"total": 0, "conversations": []}
    assert shop.ask("GET", f"/conversations/{people[0].wa_id}", token=elsewhere).status_code == 404


def test_a_message_sent_over_rest_is_a_turn_and_goes_to_the_contact(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    flows = shop.ask("GET", "/flows", token=token).json()["flows"]
    echo = next(flow for flow in flows if flow["name"] == "echo")

    started = say(shop, token, "Oi")
    assert started["bot_responses"] == ["Oi ! 🌱 Aqui é o viveiro da horta.", "Como podemos chamar você?"]
    assert (started["status"], started["awaiting_input"], started["current_node_id"]) == (
        "processed",
        True,
        "n_nickname",
    )
    say(shop, token, "Rui")
    ended = say(shop, token, "3")
    assert ended["awaiting_input"] is False
    assert ended["current_state"]["variables"] == {"apelido": "Rui", "bandejas": "3"}
    assert say(shop, token, "again", flow_id=echo["id"])["bot_responses"] == ["You said: "]
    shop.house.settle()
    assert shop.replies(person)[-2:] == ["Separadas 3 bandejas para Rui. Até sábado! 🪴", "You said: "]


def test_a_closed_conversation_refuses_tries_and_opens_with_the_contacts_next_message(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "Oi")
    closed = shop.ask("POST", f"/conversations/{person.wa_id}/close", token=token, json={})
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    assert shop.conversation(person, token=token)["is_active"] is False

    refused = shop.ask("POST", f"/conversations/{person.wa_id}/send", token=token, json={"message": "Oi"})
    assert (refused.status_code, refused.json()["error_code"]) == (409, "CONVERSATION_CLOSED")
    again = shop.ask("POST", f"/conversations/{person.wa_id}/close", token=token, json={})
    assert (again.status_code, again.json()["error_code"]) == (409, "CONVERSATION_CLOSED")

    shop.hear_text(person, "Oi de novo")
    found = shop.conversation(person, token=token)
    assert (found["is_active"], found["current_state"]["current_node_id"]) == (True, "n_nickname")


def test_who_may_not_is_told_so(shop: Shop) -> None:
    person = shop.person()
    shop.hear_text(person, "Oi")
    place = f"/conversations/{person.wa_id}"
    viewer, reader, agent = (shop.token(role) for role in ("viewer", "super_admin", "agent"))

    nobody = shop.house.web.get(f"{shop.house.http}/api/v1{place}")
    assert (nobody.status_code, nobody.json()["error_code"]) == (401, "AUTH_MISSING_TOKEN")
    forged = shop.ask("GET", place, token=agent[:-4] + "AAAA")
    assert (forged.status_code, forged.json()["error_code"]) == (401, "AUTH_MISSING_TOKEN")
    for token, method, path in (
        (viewer, "GET", place),
        (viewer, "GET", "/conversations"),
        (reader, "POST", f"{place}/close"),
    ):
        refused = shop.ask(method, path, token=token)
        assert (refused.status_code, refused.json()["error_code"]) == (403, "AUTH_INSUFFICIENT_PERMISSION")
    unknown = shop.ask("GET", "/conversations/5511900000000", token=agent)
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "CONVERSATION_NOT_FOUND")
    assert shop.ask("GET", place, token=reader).status_code == 200


def say(shop: Shop, token: str, message: str, **more: str) -> dict[str, Any]:
    """Try a message in the first person's name."""
    answer = shop.ask(
        "POST", f"/conversations/{shop.person().wa_id}/send", token=token, json={"message": message} | more
    )
    assert answer.status_code == 200, answer.text
    turn: dict[str, Any] = answer.json()
    return turn


def digits(phone_number: str) -> str:
    """A phone number without its signs."""
    return "".join(filter(str.isdigit, phone_number))
