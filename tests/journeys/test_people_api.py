"""Contacts, conversations and settings over REST and gRPC of a running house: the same facts through both doors."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.journeys.conftest import OpenShop
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, flow_of

Element = dict[str, Any]
BUF = Path(sys.executable).parent / "buf"
PASSWORD = "três tigres tristes"


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    users = [{"email": "ana@example.com", "name": "Ana", "role": "agent", "password": PASSWORD}]
    return open_shop({"seedlings": flow_of("seedlings")}, users=users)


def logged_in(shop: Shop) -> tuple[str, str]:
    """The token and the id of a person of the organization."""
    login = {"email": "ana@example.com", "password": PASSWORD, "organization": shop.name}
    token = shop.ask("POST", "/auth/login", token="", json=login).json()["access_token"]
    return token, shop.ask("GET", "/auth/me", token=token).json()["user"]["id"]


def grpc(shop: Shop, room: str, method: str, token: str, **fields: Any) -> Element:
    """Call a method with `buf curl`, as a team would."""
    address = shop.house.first_status["services"][room]["grpc"]
    (organization,) = shop.ask("GET", "/organizations", token=shop.token()).json()["organizations"]
    command = [BUF, "curl", "--http2-prior-knowledge", "--protocol", "grpc", "-H", f"Authorization: Bearer {token}"]
    command += ["-d", json.dumps({"organization_id": organization["id"]} | fields), f"http://{address}/pytake.{method}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: Element = json.loads(done.stdout)
    return answer


def test_a_contact_is_the_same_through_both_doors_and_its_changes_are_noted(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "Oi")
    (contact,) = shop.ask("GET", "/contacts", token=token, params={"search": person.name}).json()["contacts"]
    path = f"/contacts/{contact['id']}"
    shop.ask("PATCH", path, token=token, json={"name": "Bia", "attributes": {"city": "Olinda"}})
    shop.ask("POST", f"{path}/tags", token=token, json={"add": ["vip"]})

    rest = shop.ask("GET", path, token=token).json()
    told = grpc(shop, "router", "router.v1.People/GetContact", token, contact_id=contact["id"])["contact"]
    changes = shop.ask("GET", "/audit", token=token, params={"room": "router"}).json()["changes"]

    assert (rest["name"], rest["whatsapp_name"], rest["tags"]) == ("Bia", person.name, ["vip"])
    assert (told["name"], told["phoneNumber"], told["tags"]) == ("Bia", person.wa_id, ["vip"])
    assert [each["action"] for each in changes[:2]] == ["contact.update"] * 2
    assert {each["object"] for each in changes[:2]} == {f"contact:{contact['id']}"}


def test_a_person_takes_a_conversation_answers_and_gives_it_back(shop: Shop) -> None:
    person = shop.person()
    token, user_id = logged_in(shop)
    shop.hear_text(person, "Oi")
    here = f"/conversations/{person.wa_id}"

    shop.ask("POST", "/agents", token=shop.token(), json={"id": user_id, "name": "Ana"})
    shop.ask("POST", "/agents/me/presence", token=token, json={"presence": "available"})
    assigned = shop.ask("POST", f"{here}/assign", token=token).json()["entry"]
    note = shop.ask("POST", f"{here}/notes", token=token, json={"text": "Asked for three trays."}).json()
    shop.hear_text(person, "Ana")
    sent = shop.ask("POST", f"{here}/messages", token=token, json={"content": {"text": {"body": "Aqui é a Ana."}}})
    shop.house.settle()
    mine = shop.ask("GET", "/inbox", token=token, params={"agent_id": user_id, "unread": True}).json()["conversations"]
    told = grpc(shop, "router", "router.v1.Inbox/GetConversation", shop.token(), contact=person.wa_id)["conversation"]

    assert (assigned["state"], assigned["agent_id"], note["author"]) == ("assigned", user_id, f"user:{user_id}")
    assert sent.status_code == 201
    assert [each["conversation_id"] for each in mine] == [assigned["conversation_id"]]
    assert (told["owner"], told["agentId"], told["isUnread"]) == ("OWNER_PERSON", user_id, True)
    assert shop.replies(person)[-1] == "Aqui é a Ana."
    before = len(shop.replies(person))

    shop.ask("POST", f"{here}/read", token=token)
    shop.ask("POST", f"{here}/release", token=token)
    shop.house.settle()
    shop.hear_text(person, "Ana")

    after = shop.ask("GET", f"/inbox/{person.wa_id}", token=token).json()
    assert (after["owner"], after["agent_id"]) == ("bot", None)
    assert len(shop.replies(person)) > before


def test_everything_whatsapp_can_say_leaves_as_a_person_said_it(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "Oi")
    contents: list[Element] = [
        {"text": {"body": "Bom dia"}},
        {"media": {"media": {"kind": "MEDIA_KIND_IMAGE", "link": "https://example.com/a.png"}, "caption": "a"}},
        {"media": {"media": {"kind": "MEDIA_KIND_DOCUMENT", "link": "https://example.com/a.pdf", "filename": "a.pdf"}}},
        {"location": {"latitude": -8.0, "longitude": -34.9, "name": "Olinda"}},
        {"buttons": {"body": "Sim?", "buttons": [{"id": "yes", "title": "Sim"}]}},
    ]
    results = [
        shop.ask("POST", f"/conversations/{person.wa_id}/messages", token=token, json={"content": content})
        for content in contents
    ]
    wrong = shop.ask(
        "POST", f"/conversations/{person.wa_id}/messages", token=token, json={"content": {"text": {"body": ""}}}
    )
    shop.house.settle()

    assert [each.status_code for each in results] == [201] * len(contents), [each.text for each in results]
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "content.text.body")
    kinds = [entry["body"]["type"] for entry in shop.sent_to(person)][-len(contents) :]
    assert kinds == ["text", "image", "document", "location", "interactive"]


def test_a_number_made_over_rest_routes_to_its_chatbot(shop: Shop) -> None:
    token, number = shop.token(), f"7500{shop.serial:08d}"
    (flow,) = shop.ask("GET", "/flows", token=token).json()["flows"]
    chatbot = shop.ask("POST", "/chatbots", token=token, json={"name": "Viveiro", "main_flow_id": flow["id"]}).json()
    wanted = {"phone_number_id": number, "display_phone_number": f"+{number}", "app": shop.app}
    bare = shop.ask("POST", "/whatsapp/", token=token, json=wanted)
    stolen = shop.ask("POST", "/whatsapp/", token=token, json=wanted | {"access_token": shop.access_token})
    _meta_knows(shop, number)
    foreign = shop.ask("POST", "/whatsapp/", token=token, json=wanted | {"access_token": "EAAofsomebodyelse"})
    made = shop.ask("POST", "/whatsapp/", token=token, json=wanted | {"access_token": shop.access_token})
    shop.ask("PUT", f"/whatsapp/{number}", token=token, json={"default_chatbot_id": chatbot["id"]})
    person = shop.person(2)
    shop.hear_text(person, "Oi", number=number)

    for refused in (bare, stolen, foreign):
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "access_token")
    assert (made.status_code, "access_token" in made.json()) == (201, False)
    assert shop.replies(person, number=number)
    listed = shop.ask("GET", "/whatsapp/", token=token).json()["numbers"]
    assert {each["id"]: each["default_chatbot_id"] for each in listed}[number] == chatbot["id"]
    told = grpc(shop, "router", "router.v1.Settings/ListOwnNumbers", token)["numbers"]
    assert [each["phoneNumberId"] for each in told] == [each["id"] for each in listed]


def _meta_knows(shop: Shop, number: str) -> None:
    """Meta knows its numbers; the simulated one is told: a number that the shop's token opens."""
    (known,) = [
        each
        for each in shop.house.web.get(f"{shop.house.meta}/_sim/numbers").json()["numbers"]
        if each["phone_number_id"] == shop.number
    ]
    shop.house.web.put(f"{shop.house.meta}/_sim/numbers/{number}", json=known | {"phone_number_id": number})


def test_a_write_that_is_repeated_under_its_key_is_done_once(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "Oi")
    said = len(shop.replies(person))
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "order-1042"}
    url = f"{shop.house.http}/api/v1/conversations/{person.wa_id}/messages"
    body = {"content": {"text": {"body": "Seu pedido saiu."}}}
    answers: list[httpx.Response] = []

    def ask() -> None:
        answers.append(httpx.post(url, json=body, headers=headers, timeout=30, trust_env=False))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    last = httpx.post(url, json=body, headers=headers, timeout=30, trust_env=False)
    other = httpx.post(url, json={"content": {"text": {"body": "?"}}}, headers=headers, timeout=30, trust_env=False)
    shop.house.settle()

    assert {each.status_code for each in answers} <= {201, 409}
    assert (last.status_code, last.headers["idempotency-replayed"]) == (201, "true")
    assert {each.text for each in answers if each.status_code == 201} == {last.text}
    assert (other.status_code, other.json()["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(shop.replies(person)) == said + 1


def test_events_go_on_where_a_listener_left_off(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "Oi")
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{shop.house.http}/api/v1/conversations/{person.wa_id}/events"
    with httpx.stream("GET", url, headers=headers, timeout=30, trust_env=False) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        last = next(line for line in stream.iter_lines() if line.startswith("id: ")).removeprefix("id: ")
    sent = shop.ask(
        "POST", f"/conversations/{person.wa_id}/messages", token=token, json={"content": {"text": {"body": "Oi!"}}}
    ).json()

    steps: list[str] = []
    with httpx.stream("GET", url, headers=headers | {"Last-Event-ID": last}, timeout=30, trust_env=False) as stream:
        name = ""
        for line in stream.iter_lines():
            name = line.removeprefix("event: ") if line.startswith("event: ") else name
            if line.startswith("data: ") and name != "conversation.changed":
                told = json.loads(line.removeprefix("data: "))
                assert told["message_id"] == sent["message_id"]
                steps.append(told["status"])
            if "sent" in steps:
                break

    assert steps[0] == "accepted"
    eventually(lambda: shop.ask("GET", "/events", token="").status_code == 401, "a refusal without a token")


def test_what_a_contact_writes_to_people_is_seen_live(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "Oi")
    shop.ask("POST", f"/conversations/{person.wa_id}/take", token=token)
    shop.ask("POST", f"/conversations/{person.wa_id}/read", token=token)
    url = f"{shop.house.http}/api/v1/conversations/{person.wa_id}/events"
    headers = {"Authorization": f"Bearer {token}"}

    seen: list[tuple[str, bool]] = []
    with httpx.stream("GET", url, headers=headers, timeout=30, trust_env=False) as stream:
        name = ""
        for line in stream.iter_lines():
            name = line.removeprefix("event: ") if line.startswith("event: ") else name
            if line.startswith("data: ") and name == "conversation.changed":
                told = json.loads(line.removeprefix("data: "))
                seen.append((told["owner"], told["is_unread"]))
                if len(seen) == 1:
                    shop.hear_text(person, "Alguém aí?")
            if ("person", True) in seen:
                break

    assert seen[0] == ("person", False)


def test_organizations_are_listed_for_the_super_admin_alone(shop: Shop, open_shop: OpenShop) -> None:
    other = open_shop({"echo": flow_of("echo")})

    def listed(role: str) -> set[str]:
        answer = shop.ask("GET", "/organizations", token=shop.token(role)).json()
        return {each["name"] for each in answer["organizations"]}

    assert listed("org_admin") == {shop.name}
    assert {shop.name, other.name} <= listed("super_admin")
    assert shop.ask("GET", f"/organizations/{uuid4()}", token=shop.token("super_admin")).status_code == 404
