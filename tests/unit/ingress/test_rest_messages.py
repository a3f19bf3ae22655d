"""Messages and webhooks over REST: what a program sends, and what it is told."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.ingress.domain.outgoing import MessageFilter
from tests.fixtures.rest import Asker

MESSAGES, WEBHOOKS = "/api/v1/messages", "/api/v1/webhooks"


def message(key: str = "order-1", **changes: object) -> dict[str, object]:
    content = {"text": {"body": "Seu pedido saiu."}}
    return {
        "idempotency_key": key,
        "phone_number_id": "1",
        "phone_number": "+55 11 98765-4321",
        "content": content,
    } | changes


async def test_each_message_has_a_result_and_what_is_refused_says_why(asker: Asker) -> None:
    answer = await asker.post(MESSAGES, {"messages": [message(), message("late")]})

    taken, refused = answer.json()["results"]
    assert answer.status_code == 200
    assert (taken["outcome"], taken["conversation_id"], taken["error_code"], taken["errors"]) == ("ok", "c", None, [])
    assert (refused["outcome"], refused["conversation_id"], refused["error_code"]) == (
        "invalid",
        None,
        "WINDOW_EXPIRED",
    )
    assert refused["errors"] == [{"field": "content", "message": "is free text"}]
    ((organization_id, sent),) = asker.rights.outgoing.sent
    assert organization_id == asker.organization_id
    assert (sent.key, sent.phone_number, sent.content) == (
        "order-1", "+55 11 98765-4321", {"text": {"body": "Seu pedido saiu."}},
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": [message(idempotency_key="x" * 256)]},
        {"messages": [message(content="oi")]},
        {"messages": [message(conversation_id="c")]},
        {"messages": [message(phone_number="\0")]},
        {"messages": [message(str(n)) for n in range(101)]},
        {},
    ],
)
async def test_what_is_no_message_is_refused_before_anything_is_sent(asker: Asker, body: object) -> None:
    answer = await asker.post(MESSAGES, body)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert not asker.rights.outgoing.sent


async def test_a_message_is_read_by_its_id_and_a_neighbours_is_none(asker: Asker) -> None:
    sent = (await asker.post(MESSAGES, {"messages": [message()]})).json()["results"][0]["message_id"]

    own = await asker.get(f"{MESSAGES}/{sent}")
    theirs = await asker.in_role("agent", organization_id=uuid4()).get(f"{MESSAGES}/{sent}")

    assert own.json() == {
        "id": sent, "conversation_id": "c", "phone_number_id": "1", "state": "accepted", "status": "sent",
        "attempts": 1, "wamids": ["wamid.1"], "is_maybe_duplicate": False, "error_code": None, "error": None,
        "created_at": "2026-03-04T13:20:00Z",
    }  # fmt: skip
    assert (theirs.status_code, theirs.json()["error_code"]) == (404, "MESSAGE_NOT_FOUND")


async def test_filters_and_the_cursor_reach_the_service_as_they_were_given(asker: Asker) -> None:
    await asker.post(MESSAGES, {"messages": [message()]})
    conversation = uuid4()

    page = await asker.get(
        MESSAGES, conversation_id=conversation, phone_number_id="1", state="accepted", status="sent",
        since="2026-03-04T13:00:00Z", until="2026-03-04T14:00:00", limit=7, cursor="here",
    )  # fmt: skip

    assert page.json()["next"] == "further"
    ((chosen, limit, cursor),) = asker.rights.outgoing.asked
    assert (limit, cursor) == (7, "here")
    assert chosen == MessageFilter(
        conversation_id=str(conversation), phone_number_id="1", state="accepted", status="sent",
        since=datetime(2026, 3, 4, 13, tzinfo=UTC), until=datetime(2026, 3, 4, 14, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5", "must be a time such as 2026-03-04T13:20:00Z"),
        ("1772630311", "must be a time such as 2026-03-04T13:20:00Z"),
        ("yesterday", "must be a time such as 2026-03-04T13:20:00Z"),
        ("0001-01-01T00:00:00+14:00", "must lie between the years 1 and 9999"),
    ],
)
async def test_a_time_is_written_as_one_and_no_number(asker: Asker, text: str, message: str) -> None:
    answer = await asker.get(MESSAGES, since=text)

    assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": "since", "message": message}])


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("POST", MESSAGES, {"org_admin", "supervisor", "agent"}),
        ("GET", MESSAGES, {"super_admin", "org_admin", "supervisor", "agent"}),
        ("GET", WEBHOOKS, {"super_admin", "org_admin"}),
        ("POST", WEBHOOKS, {"super_admin", "org_admin"}),
        ("DELETE", f"{WEBHOOKS}/{UUID(int=9)}", {"super_admin", "org_admin"}),
    ],
)
async def test_who_may_send_read_and_keep_webhooks(asker: Asker, method: str, path: str, roles: set[str]) -> None:
    body = {"messages": [message()]} if path == MESSAGES else {"name": "crm", "url": "https://crm.example/"}
    let_in = set()
    for role in ("super_admin", "org_admin", "supervisor", "agent", "viewer"):
        headers = asker.in_role(role).headers
        answer = await asker.client.request(method, path, json=body if method == "POST" else None, headers=headers)
        if answer.status_code != 403:
            let_in.add(role)
    assert let_in == roles


async def test_a_webhooks_secret_is_told_when_it_is_made_and_never_again(asker: Asker) -> None:
    wanted = {"name": "crm", "url": "https://crm.example/", "events": ["message.failed"]}

    made = (await asker.post(WEBHOOKS, wanted)).json()
    again = (await asker.post(WEBHOOKS, wanted)).json()
    listed = (await asker.get(WEBHOOKS)).json()["webhooks"]

    assert made["secret"] == "a secret of the tests"
    assert again["secret"] is None
    assert listed == [{name: value for name, value in made.items() if name != "secret"}]


async def test_a_webhook_is_removed_by_its_id_and_a_neighbours_is_none(asker: Asker) -> None:
    made = (await asker.post(WEBHOOKS, {"name": "crm", "url": "https://crm.example/"})).json()
    place = f"{WEBHOOKS}/{made['id']}"

    theirs = await asker.client.delete(place, headers=asker.in_role("org_admin", organization_id=uuid4()).headers)
    own = await asker.client.delete(place, headers=asker.headers)

    assert (theirs.status_code, theirs.json()["error_code"]) == (404, "WEBHOOK_NOT_FOUND")
    assert (own.status_code, own.content) == (204, b"")
    assert (await asker.get(WEBHOOKS)).json() == {"webhooks": []}
