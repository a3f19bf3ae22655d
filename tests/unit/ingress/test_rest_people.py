"""Contacts, conversations, numbers and chatbots over REST: shapes, permissions, and what is passed on."""

from uuid import UUID, uuid4

import pytest

from services.chassis.errors import NotFound
from services.chassis.tenancy import ROLE_PERMISSIONS
from services.pb.common.v1 import errors_pb2
from tests.fixtures.rest import Asker

PHONE = "5511987654321"


async def send(asker: Asker, method: str, path: str, body: object = None) -> tuple[int, dict]:
    answer = await asker.client.request(method, path, json=body, headers=asker.headers)
    return answer.status_code, answer.json() if answer.content else {}


async def test_a_contact_is_made_found_changed_and_tagged(asker: Asker) -> None:
    status, made = await send(
        asker, "POST", "/api/v1/contacts", {"phone_number": "+55 11 98765-4321", "name": "Bia", "tags": ["vip"]}
    )
    contact = f"/api/v1/contacts/{made['id']}"
    assert status == 201
    assert (made["name"], made["phone_number"], made["display_phone"], made["tags"], made["opted_in"]) == (
        "Bia", "+55 11 98765-4321", "11 98765-4321", ["vip"], None,
    )  # fmt: skip

    changed = await send(asker, "PATCH", contact, {"attributes": {"city": "Olinda"}, "opted_in": True})
    tagged = await send(asker, "POST", f"{contact}/tags", {"add": ["new"], "remove": ["vip"]})
    listed = await send(asker, "GET", "/api/v1/contacts?search=Bia&limit=1")

    assert (changed[0], changed[1]["attributes"], changed[1]["name"]) == (200, {"city": "Olinda"}, "Bia")
    assert tagged[1]["tags"] == ["new"]
    assert listed == (200, {"contacts": [tagged[1]], "next": None})
    assert (await send(asker, "GET", contact))[1] == tagged[1]


async def test_a_contact_that_is_there_is_not_made_again(asker: Asker) -> None:
    await send(asker, "POST", "/api/v1/contacts", {"phone_number": PHONE})
    status, answer = await send(asker, "POST", "/api/v1/contacts", {"phone_number": PHONE})
    assert (status, answer["error_code"]) == (409, "CONTACT_EXISTS")


async def test_a_page_of_contacts_names_the_next_one(asker: Asker) -> None:
    for number in range(3):
        await send(asker, "POST", "/api/v1/contacts", {"phone_number": f"551198765432{number}"})
    _, first = await send(asker, "GET", "/api/v1/contacts?limit=2")
    _, second = await send(asker, "GET", f"/api/v1/contacts?limit=2&cursor={first['next']}")
    assert (len(first["contacts"]), len(second["contacts"]), second["next"]) == (2, 1, None)


async def test_contacts_of_another_organization_are_not_there(asker: Asker) -> None:
    _, made = await send(asker, "POST", "/api/v1/contacts", {"phone_number": PHONE})
    stranger = asker.in_role("org_admin", organization_id=uuid4())
    status, answer = await send(stranger, "GET", f"/api/v1/contacts/{made['id']}")
    assert (status, answer) == (404, {"detail": "nobody", "error_code": "CONTACT_NOT_FOUND"})


async def test_the_list_of_numbers_is_served_with_and_without_the_slash(asker: Asker) -> None:
    number = {"phone_number_id": "106540352242922", "display_phone_number": "+55 11 3333-4444", "access_token": "EAA-x"}
    status, made = await send(asker, "POST", "/api/v1/whatsapp/", number)
    assert status == 201
    assert "access_token" not in made
    assert asker.rights.desk.tokens == [(asker.organization_id, "106540352242922", "EAA-x")]
    assert await send(asker, "GET", "/api/v1/whatsapp/") == (200, {"numbers": [made]})
    assert await send(asker, "GET", "/api/v1/whatsapp") == (200, {"numbers": [made]})


async def test_put_changes_what_it_gives_and_null_takes_away(asker: Asker) -> None:
    chatbot_id = str(uuid4())
    await send(
        asker, "POST", "/api/v1/whatsapp/", {"phone_number_id": "42", "display_phone_number": "+55 11 3333-4444"}
    )
    _, put = await send(asker, "PUT", "/api/v1/whatsapp/42", {"default_chatbot_id": chatbot_id})
    assert (put["default_chatbot_id"], put["display_phone_number"]) == (chatbot_id, "+55 11 3333-4444")
    _, cleared = await send(asker, "PUT", "/api/v1/whatsapp/42", {"default_chatbot_id": None})
    assert cleared["default_chatbot_id"] is None
    assert (await send(asker, "DELETE", "/api/v1/whatsapp/42"))[0] == 204
    assert (await send(asker, "GET", "/api/v1/whatsapp/42"))[1]["is_active"] is False


async def test_a_number_of_another_organization_is_refused(asker: Asker) -> None:
    stranger = asker.in_role("org_admin", organization_id=uuid4())
    await send(stranger, "POST", "/api/v1/whatsapp/", {"phone_number_id": "42"})
    status, answer = await send(asker, "POST", "/api/v1/whatsapp/", {"phone_number_id": "42"})
    assert (status, answer["error_code"]) == (409, "NUMBER_TAKEN")


async def test_a_chatbot_is_made_changed_and_deleted(asker: Asker) -> None:
    status, made = await send(asker, "POST", "/api/v1/chatbots", {"name": "Encomendas"})
    path = f"/api/v1/chatbots/{made['id']}"
    assert (status, made["main_flow_id"], made["is_active"]) == (201, None, True)
    assert (await send(asker, "PATCH", path, {"is_active": False}))[1]["is_active"] is False
    assert await send(asker, "DELETE", path) == (204, {})
    assert (await send(asker, "GET", path))[1]["error_code"] == "CHATBOT_NOT_FOUND"


async def test_a_chatbot_with_a_flow_that_is_none_is_refused(asker: Asker) -> None:
    asker.flows.answers["get"] = NotFound("no flow has this flow_id", reason=errors_pb2.ERROR_REASON_FLOW_NOT_FOUND)
    body = {"name": "Encomendas", "main_flow_id": str(uuid4())}
    status, answer = await send(asker, "POST", "/api/v1/chatbots", body)
    assert (status, answer["error_code"]) == (404, "FLOW_NOT_FOUND")
    assert await send(asker, "GET", "/api/v1/chatbots") == (200, {"chatbots": []})


async def test_an_organization_is_ones_own_but_for_the_super_admin(asker: Asker) -> None:
    own = str(asker.organization_id)
    other = asker.in_role("org_admin", organization_id=uuid4())
    await send(other, "GET", "/api/v1/organizations")
    _, listed = await send(asker, "GET", "/api/v1/organizations")
    assert [each["id"] for each in listed["organizations"]] == [own]
    _, everything = await send(asker.in_role("super_admin"), "GET", "/api/v1/organizations")
    assert {each["id"] for each in everything["organizations"]} == {own, str(other.organization_id)}
    status, answer = await send(asker, "GET", f"/api/v1/organizations/{other.organization_id}")
    assert (status, answer["error_code"]) == (404, "ORGANIZATION_NOT_FOUND")


async def test_an_organizations_time_zone_changes_and_the_rest_stays(asker: Asker) -> None:
    path = f"/api/v1/organizations/{asker.organization_id}"
    status, changed = await send(asker, "PATCH", path, {"time_zone": "America/Recife"})
    assert (status, changed["time_zone"], changed["fallback_flow_id"]) == (200, "America/Recife", None)


def test_nobody_but_the_super_admin_sees_other_organizations() -> None:
    assert [role for role, may in ROLE_PERMISSIONS.items() if "organizations:read" in may] == ["super_admin"]


async def test_the_inbox_is_filtered_by_owner_queue_tag_and_what_is_unread(asker: Asker) -> None:
    desk = asker.rights.desk
    queue = str(UUID(int=31))
    desk.conversation(asker.organization_id, PHONE, owner="person", queue_id=queue, tags=("late",))
    desk.conversation(asker.organization_id, "5511900000002", is_unread=False)
    for query, phones in (
        ("", [PHONE, "5511900000002"]),
        ("?owner=person", [PHONE]),
        (f"?queue_id={queue}", [PHONE]),
        (f"?queue_id={UUID(int=32)}", []),
        ("?tag=late", [PHONE]),
        ("?unread=true", [PHONE]),
        ("?owner=bot&unread=true", []),
    ):
        _, listed = await send(asker, "GET", f"/api/v1/inbox{query}")
        assert ["".join(filter(str.isdigit, each["phone_number"])) for each in listed["conversations"]] == phones, query


async def test_tags_notes_and_reading_are_about_the_latest_conversation(asker: Asker) -> None:
    asker.rights.desk.conversation(asker.organization_id, PHONE)
    path = f"/api/v1/conversations/{PHONE}"
    assert (await send(asker, "POST", f"{path}/tags", {"add": ["late"]}))[1]["tags"] == ["late"]
    assert (await send(asker, "POST", f"{path}/read"))[1]["is_unread"] is False
    status, note = await send(asker, "POST", f"{path}/notes", {"text": "Calls back on Friday."})
    assert (status, note["text"]) == (201, "Calls back on Friday.")
    assert await send(asker, "GET", f"{path}/notes") == (200, {"notes": [note]})
    assert (await send(asker, "GET", "/api/v1/conversations/5511900000009/notes"))[0] == 404


async def test_a_person_sends_into_the_conversation(asker: Asker) -> None:
    found = asker.rights.desk.conversation(asker.organization_id, PHONE)
    body = {"content": {"text": {"body": "Bom dia"}}, "idempotency_key": "first"}
    status, sent = await send(asker, "POST", f"/api/v1/conversations/{PHONE}/messages", body)
    assert (status, sent["outcome"]) == (201, "ok")
    ((_, message),) = asker.rights.outgoing.sent
    assert (message.conversation_id, message.key, message.content) == (
        found.conversation_id, "first", {"text": {"body": "Bom dia"}},
    )  # fmt: skip


async def test_free_text_outside_the_window_is_refused_in_the_contracts_words(asker: Asker) -> None:
    asker.rights.desk.conversation(asker.organization_id, PHONE)
    body = {"content": {"text": {"body": "Bom dia"}}, "idempotency_key": "late"}
    status, answer = await send(asker, "POST", f"/api/v1/conversations/{PHONE}/messages", body)
    assert (status, answer["error_code"]) == (400, "WINDOW_EXPIRED")
    assert answer["detail"].startswith("24-hour window expired")


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        ("viewer", "GET", "/api/v1/contacts", 403),
        ("agent", "GET", "/api/v1/contacts", 200),
        ("agent", "GET", "/api/v1/organizations", 403),
        ("viewer", "GET", "/api/v1/whatsapp/", 200),
        ("agent", "POST", "/api/v1/chatbots", 403),
        ("super_admin", "POST", f"/api/v1/conversations/{PHONE}/notes", 403),
    ],
)
async def test_each_role_may_what_its_permissions_say(
    asker: Asker, role: str, method: str, path: str, status: int
) -> None:
    assert (await send(asker.in_role(role), method, path, {"name": "x", "text": "x"} if method == "POST" else None))[
        0
    ] == status


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/v1/chatbots", {"name": "a", "is_active": "yes"}, "is_active"),
        ("/api/v1/chatbots", {"name": "a", "is_active": 0}, "is_active"),
        ("/api/v1/contacts", {"phone_number": "5511987654321", "opted_in": 1}, "opted_in"),
        ("/api/v1/api-keys", {"name": "a", "scopes": ["flows:read"], "expires_in_days": "3"}, "expires_in_days"),
        ("/api/v1/api-keys", {"name": "a", "scopes": ["flows:read"], "expires_in_days": True}, "expires_in_days"),
    ],
)
async def test_flags_and_counts_of_bodies_are_what_json_calls_so(
    asker: Asker, path: str, body: object, field: str
) -> None:
    answer = await asker.post(path, body)

    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field])
