"""A flow hands somebody over, an agent has the conversation, and the bot goes on when the agent is done."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx

from tests.journeys.conftest import OpenShop
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop
from tests.journeys.test_hands import flow, handoff, say


def call(shop: Shop, token: str, method: str, path: str, **body: object) -> dict[str, Any]:
    answer = shop.ask(method, path, token=token, json=body)
    assert answer.status_code == 200, answer.text
    shop.house.settle()
    told: dict[str, Any] = answer.json()
    return told


def agent(shop: Shop, name: str, **what: object) -> tuple[str, str]:
    """An agent who is there: id and token."""
    agent_id = str(uuid4())
    token = shop.house.pytake(
        "token", "--organization", shop.name, "--role", "agent", "--subject", f"user:{agent_id}"
    ).strip()
    call(shop, shop.token(), "POST", "/agents", id=agent_id, name=name, **what)
    call(shop, token, "POST", "/agents/me/presence", presence="available", seconds=600)
    return agent_id, token


def line(shop: Shop, name: str = "Plants", **what: object) -> str:
    """A queue of a department."""
    token = shop.token()
    department = call(shop, token, "POST", "/departments", name="Garden")
    return str(call(shop, token, "POST", "/queues", name=name, department_id=department["id"], **what)["id"])


def entries(shop: Shop, token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.ask("GET", "/queues/entries", token=token).json()["entries"]
    return found


def figures(shop: Shop) -> list[tuple[object, ...]]:
    """Agents with how many conversations they took, released and closed."""
    told = shop.ask("GET", "/analytics/agents", token=shop.token()).json()["agents"]
    return [
        (each["name"], each["conversations_taken"], each["conversations_released"], each["conversations_closed"])
        for each in told
    ]


def test_an_agent_pulls_who_was_handed_over_and_the_bot_goes_on_after_the_release(open_shop: OpenShop) -> None:
    people = handoff(departmentName="garden", priority="high", contextMessage="Wants seeds.")
    shop = open_shop({"help": flow(people, say("The bot again."))})
    queue_id = line(shop, sla_minutes=10)
    agent_id, token = agent(shop, "Rui")
    person = shop.person()
    shop.hear_text(person, "help", "anybody?")
    assert shop.replies(person) == ["Somebody will be with you."]

    entry = call(shop, token, "POST", "/queues/pull")["entry"]
    assert (entry["queue_id"], entry["agent_id"], entry["priority"]) == (queue_id, agent_id, 80)
    assert (entry["handoff_context"], entry["sla_state"]) == ("Wants seeds.", "ok")
    assert call(shop, token, "POST", "/queues/pull") == {"entry": None}

    call(shop, token, "POST", f"/conversations/{person.wa_id}/release")
    assert shop.replies(person)[1:] == ["The bot again."]
    assert entries(shop, token) == []

    eventually(lambda: figures(shop) == [("Rui", 1, 1, 0)], "analytics knows what the agent did")


def test_a_conversation_that_is_closed_is_no_release_of_its_agent(open_shop: OpenShop) -> None:
    shop = open_shop({"help": flow(handoff(departmentName="garden"), say("The bot again."))})
    line(shop)
    _, token = agent(shop, "Rui")
    person = shop.person()
    shop.hear_text(person, "help")
    call(shop, token, "POST", "/queues/pull")

    call(shop, token, "POST", f"/conversations/{person.wa_id}/close")

    eventually(lambda: figures(shop) == [("Rui", 1, 0, 1)], "analytics knows what the agent did")


def test_what_waits_is_given_to_an_agent_by_itself_and_moves_with_its_context(open_shop: OpenShop) -> None:
    shop = open_shop({"help": flow(handoff(queueId="Plants", contextMessage="Wants seeds."), say("The bot again."))})
    line(shop, routing_mode="round_robin")
    roses = line(shop, "Roses")
    agent_id, token = agent(shop, "Rui")
    person = shop.person()
    shop.hear_text(person, "help")
    eventually(lambda: [each["agent_id"] for each in entries(shop, token)] == [agent_id], "an agent has it")

    body = {"queue_id": roses, "reason": "it is about roses"}
    moved = call(shop, token, "POST", f"/conversations/{person.wa_id}/transfer", **body)["entry"]
    assert (moved["state"], moved["queue_id"], moved["handoff_context"]) == ("waiting", roses, "Wants seeds.")
    assert [each["kind"] for each in moved["changes"]] == ["queued", "routed", "transferred"]
    assert shop.replies(person) == ["Somebody will be with you."]


def test_an_agent_who_takes_a_conversation_of_the_bot_has_it_until_the_release(open_shop: OpenShop) -> None:
    shop = open_shop({"help": flow(say("Hello."))})
    line(shop)
    agent_id, token = agent(shop, "Rui", capacity=1)
    person, other = shop.person(), shop.person(2)
    shop.hear_text(person, "help")
    shop.hear_text(other, "help")
    call(shop, token, "POST", f"/conversations/{person.wa_id}/take")
    assert [(each["agent_id"], each["state"]) for each in entries(shop, token)] == [(agent_id, "assigned")]

    refused = shop.ask("POST", f"/conversations/{other.wa_id}/assign", token=token, json={})
    assert (refused.status_code, refused.json()["error_code"]) == (409, "AGENT_UNAVAILABLE")
    call(shop, token, "POST", f"/conversations/{person.wa_id}/release")
    call(shop, token, "POST", f"/conversations/{other.wa_id}/assign", reason="my own")
    shop.hear_text(other, "help")
    shop.hear_text(person, "help")
    assert shop.replies(other) == ["Hello."]
    assert shop.replies(person) == ["Hello.", "Hello."]


def test_who_listens_hears_the_way_of_a_conversation_among_people_in_order(open_shop: OpenShop) -> None:
    shop = open_shop({"help": flow(handoff(departmentName="garden"), say("The bot again."))})
    queue_id = line(shop)
    agent_id, token = agent(shop, "Rui")
    person = shop.person()
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{shop.house.http}/api/v1/events"
    with httpx.stream("GET", url, headers=headers, timeout=30, trust_env=False) as stream:
        last = next(line for line in stream.iter_lines() if line.startswith("id: ")).removeprefix("id: ")
    shop.hear_text(person, "help")
    call(shop, token, "POST", "/queues/pull")
    call(shop, token, "POST", f"/conversations/{person.wa_id}/release")

    told: list[dict[str, Any]] = []
    name = ""
    with httpx.stream("GET", url, headers=headers | {"Last-Event-ID": last}, timeout=30, trust_env=False) as stream:
        for text in stream.iter_lines():
            name = text.removeprefix("event: ") if text.startswith("event: ") else name
            if text.startswith("data: ") and name.startswith("conversation."):
                told.append(json.loads(text.removeprefix("data: ")) | {"event": name})
            if name == "conversation.released" and len(told) >= 3:
                break

    assert [(each["event"], each["how"]) for each in told] == [
        ("conversation.queued", "handoff"), ("conversation.assigned", "pull"), ("conversation.released", "released"),
    ]  # fmt: skip
    assert {(each["queue_id"], each["entry_id"]) for each in told} == {(queue_id, told[0]["entry_id"])}
    assert told[1]["agent_id"] == agent_id


def test_what_is_set_up_is_changed_field_by_field(open_shop: OpenShop) -> None:
    shop = open_shop({"help": flow(handoff(), say("The bot again."))})
    queue_id, token = line(shop, sla_minutes=10, skills_required=["tax"]), shop.token()
    agent_id, _ = agent(shop, "Rui", capacity=2)
    queue = call(shop, token, "PATCH", f"/queues/{queue_id}", skills_required=None, priority=70)
    assert (queue["sla_minutes"], queue["skills_required"], queue["priority"]) == (10, [], 70)
    department = call(shop, token, "PATCH", f"/departments/{queue['department_id']}", offline_message="Voltamos.")
    assert (department["name"], department["offline_message"]) == ("Garden", "Voltamos.")
    assert call(shop, token, "PATCH", f"/agents/{agent_id}", name="Rui Dias")["capacity"] == 2
    for path, body in ((f"/queues/{queue_id}", queue), (f"/departments/{department['id']}", department)):
        assert shop.ask("GET", path, token=token).json() == body
    assert shop.ask("DELETE", f"/agents/{agent_id}", token=token).status_code == 204
    assert shop.ask("GET", f"/agents/{agent_id}", token=token).json()["error_code"] == "AGENT_NOT_FOUND"
