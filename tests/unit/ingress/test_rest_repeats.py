"""Repeats under an Idempotency-Key, documents that the client has already, traces, and live events."""

import json
from uuid import uuid4

import pytest
import structlog

from services.ingress.domain.idempotency import is_key, key_hash, request_hash, takes_keys
from services.ingress.domain.outgoing import ChangeView, DeskView, Told
from tests.fakes.ingress_people import MORNING
from tests.fixtures.rest import Asker

CONTACT = {"phone_number": "5511987654321", "name": "Bia"}


async def make(asker: Asker, key: str, body: object = CONTACT, path: str = "/api/v1/contacts"):
    return await asker.client.post(path, json=body, headers=asker.headers | {"idempotency-key": key})


async def test_a_repeat_gets_the_first_answer_and_nothing_is_done_twice(asker: Asker) -> None:
    first, second = await make(asker, "one"), await make(asker, "one")

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(asker.rights.desk.contacts[asker.organization_id]) == 1


async def test_a_key_with_another_body_is_refused(asker: Asker) -> None:
    await make(asker, "one")
    answer = await make(asker, "one", {"phone_number": "5511987654322"})

    assert (answer.status_code, answer.json()["error_code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(asker.rights.desk.contacts[asker.organization_id]) == 1


async def test_what_was_refused_may_be_tried_again(asker: Asker) -> None:
    assert (await make(asker, "one", {"phone_number": "no phone", "attributes": 5})).status_code == 422
    assert (await make(asker, "one")).status_code == 201


async def test_a_key_is_its_organizations_own_and_a_lesser_token_sees_no_answer(asker: Asker) -> None:
    await make(asker, "one")
    stranger = asker.in_role("org_admin", organization_id=uuid4())

    assert "idempotency-replayed" not in (await make(stranger, "one")).headers
    assert (await make(asker.in_role("viewer"), "one")).status_code == 403


async def test_a_request_that_is_being_worked_on_is_not_begun_again(asker: Asker) -> None:
    await make(asker, "one")
    answers = asker.rights.answers
    ((key, (asked, _, held)),) = answers.kept.items()
    answers.kept[key] = (asked, None, held)

    answer = await make(asker, "one")

    assert (answer.status_code, answer.json()["error_code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")
    assert answer.headers["retry-after"] == "1"


async def test_a_key_of_no_or_too_many_characters_is_refused(asker: Asker) -> None:
    for key in ("", "x" * 256):
        answer = await make(asker, key)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_a_body_that_is_too_large_is_refused_under_a_key_as_without_one(asker: Asker) -> None:
    headers = asker.headers | {"idempotency-key": "k"}
    answer = await asker.client.post("/api/v1/contacts", content=b"x" * 70_000, headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (413, "BODY_TOO_LARGE")
    assert answer.headers["connection"] == "close"


async def test_without_a_token_nothing_is_kept(asker: Asker) -> None:
    answer = await asker.client.post("/api/v1/contacts", json=CONTACT, headers={"idempotency-key": "one"})
    assert answer.status_code == 401
    assert asker.rights.answers.kept == {}


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("POST", "/api/v1/contacts", True),
        ("DELETE", "/api/v1/flows/7", True),
        ("GET", "/api/v1/contacts", False),
        ("POST", "/api/v1/api-keys", False),
        ("POST", "/api/v1/auth/login", False),
        ("POST", "/api/v1/whatsapp/webhook", False),
    ],
)
def test_keys_are_for_writes_whose_answers_tell_no_secret(method: str, path: str, taken: bool) -> None:
    assert takes_keys(method, path) is taken


def test_two_requests_are_one_only_when_all_of_them_is_the_same() -> None:
    same = {"method": "POST", "target": "/a?", "body": b"{}"}
    others = [same | {"method": "PUT"}, same | {"target": "/a?b"}, same | {"body": b"{ }"}]
    assert len({request_hash(**each) for each in [same, same, *others]}) == 4
    keys = [("a", ["x:y"], "k"), ("a", ["x:z"], "k"), ("b", ["x:y"], "k"), ("a", ["x:y"], "l")]
    assert len({key_hash(subject=who, permissions=may, key=key) for who, may, key in keys}) == 4
    assert not is_key("clé")


async def test_a_flow_that_the_client_has_is_not_sent_again(asker: Asker) -> None:
    path = f"/api/v1/flows/{uuid4()}"
    whole = await asker.get(path)
    tag = whole.headers["etag"]
    for tags, status in ((tag, 304), (f'"other", W/{tag}', 304), ("*", 304), ('"other"', 200)):
        answer = await asker.client.get(path, headers=asker.headers | {"if-none-match": tags})
        assert (answer.status_code, answer.headers["etag"]) == (status, tag)
        assert (answer.content == b"") is (status == 304)


async def test_a_traceparent_is_taken_up_and_nothing_that_is_none(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    contacts = asker.rights.desk.contacts
    trace = f"00-{'a' * 32}-{'b' * 16}-01"

    class Watched(dict):  # type: ignore[type-arg]
        def setdefault(self, key, default=None):
            seen.append(structlog.contextvars.get_contextvars().get("traceparent"))
            return super().setdefault(key, default)

    monkeypatch.setattr(asker.rights.desk, "contacts", Watched(contacts))
    for sent in (trace, "nonsense\n"[:8]):
        await asker.client.get("/api/v1/contacts", headers=asker.headers | {"traceparent": sent})

    assert seen == [trace, None]


def change(status: str) -> ChangeView:
    return ChangeView(
        event_id=f"e:{status}", message_id="m", conversation_id="c", status=status, error_code=0, occurred_at=MORNING
    )


async def test_events_are_told_and_the_last_of_each_news_has_the_id(asker: Asker) -> None:
    asker.rights.desk.rounds = [[Told("1", []), Told("2", [change("sent"), change("delivered")])], [Told("3", [])]]
    answer = await asker.get("/api/v1/events")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    pieces = answer.text.split("\n\n")
    assert pieces[:2] == ["retry: 1000", ": alive\nid: 1"]
    assert pieces[2].startswith("event: message.sent\ndata: {")
    assert pieces[3].startswith("id: 2\nevent: message.delivered\ndata: {")
    assert pieces[4:] == [": alive\nid: 3", ""]
    assert [cursor for *_, cursor in asker.rights.desk.watched] == ["", "2", "3"]


async def test_what_happens_between_conversations_and_people_is_told_on_the_same_stream(asker: Asker) -> None:
    assigned = DeskView(
        event_id="desk:1:2", event="conversation.assigned", conversation_id="c", phone_number_id="100200300",
        entry_id="e", queue_id="q", department_id="d", from_queue_id="", agent_id="a", how="pull", sla_due_at=MORNING,
        occurred_at=MORNING,
    )  # fmt: skip
    asker.rights.desk.rounds = [[Told("2", [change("sent"), assigned])]]
    pieces = (await asker.get("/api/v1/events")).text.split("\n\n")
    head, _, data = pieces[2].partition("data: ")
    assert head == "id: 2\nevent: conversation.assigned\n"
    told = json.loads(data)
    assert (told["event_id"], told["agent_id"], told["how"], told["from_queue_id"]) == ("desk:1:2", "a", "pull", None)
    assert told["sla_due_at"] == told["occurred_at"]


async def test_whoever_comes_back_goes_on_after_the_last_event(asker: Asker) -> None:
    asker.rights.desk.rounds = [[Told("8", [])]]
    await asker.client.get("/api/v1/events", headers=asker.headers | {"last-event-id": "7"})
    assert asker.rights.desk.watched[0][3] == "7"


async def test_a_contacts_events_are_those_of_the_latest_conversation(asker: Asker) -> None:
    found = asker.rights.desk.conversation(asker.organization_id, CONTACT["phone_number"])
    asker.rights.desk.rounds = [[Told("8", [])]]
    await asker.get(f"/api/v1/conversations/{CONTACT['phone_number']}/events")
    assert asker.rights.desk.watched[0][:2] == (asker.organization_id, found.conversation_id)


async def test_what_is_wrong_before_the_stream_begins_has_an_answer_of_its_own(asker: Asker) -> None:
    away, wrong = await asker.get("/api/v1/events"), await asker.get("/api/v1/events", cursor="none")
    assert (away.status_code, away.json()["error_code"]) == (503, "PEER_UNAVAILABLE")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "cursor")
