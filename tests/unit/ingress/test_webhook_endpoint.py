"""The webhook over ASGI: whose bytes, durable or not, and nothing told to strangers."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from uuid import uuid4

import pytest

from services.ingress.apps import house_app
from services.ingress.http import WebhookEndpoint
from services.ingress.ports import MetaApp
from tests.fakes.ingress import MemoryStore
from tests.fixtures.webhooks import MOST_BYTES, PATH, Entrance, messages_body, signature, status_body

SECRET, TOKEN = "the house's secret", "the-house-token"
REFUSED = {"detail": "Invalid signature", "error_code": "WEBHOOK_INVALID_SIGNATURE"}
AWAY = {"detail": "Not stored; send it again", "error_code": "STORE_UNAVAILABLE"}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def door(store: MemoryStore) -> AsyncIterator[Entrance]:
    entrance = Entrance(store, house_app(SECRET, TOKEN))
    yield entrance
    await entrance.client.aclose()


def app_of(name: str, secret: str, *, previous: str | None = None) -> MetaApp:
    return MetaApp(uuid4(), name, secret, previous, f"token of {name}")


async def test_a_signed_message_is_durable_before_it_is_answered(door: Entrance, store: MemoryStore) -> None:
    answer = await door.post(messages_body("oi"), secret=SECRET)

    assert (answer.status_code, answer.content) == (200, b'{"status":"received"}')
    assert [item.event_id for lane in store.messages.values() for item in lane] == ["message:700800900:wamid.oi"]


async def test_statuses_have_lanes_of_their_own(door: Entrance, store: MemoryStore) -> None:
    await door.post(status_body("delivered"), secret=SECRET)

    assert (len(store.statuses), store.messages) == (1, {})


async def test_a_repeat_is_answered_alike_and_adds_nothing(door: Entrance, store: MemoryStore) -> None:
    first = await door.post(messages_body("oi"), secret=SECRET)
    again = await door.post(messages_body("oi"), secret=SECRET)

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert store.stored() == 1


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        signature(messages_body("oi"), "another secret"),
        signature(messages_body("other bytes"), SECRET),
        signature(messages_body("oi"), SECRET).upper(),
        signature(messages_body("oi"), SECRET) + ", " + signature(messages_body("oi"), SECRET),
        signature(messages_body("oi"), ""),
    ],
)
async def test_without_the_right_signature_nothing_is_stored(
    door: Entrance, store: MemoryStore, header: str | None
) -> None:
    answer = await door.post(messages_body("oi"), header=header)

    assert (answer.status_code, answer.json()) == (403, REFUSED)
    assert store.stored() == 0


async def test_a_header_of_foreign_signs_is_refused_without_another_error(door: Entrance) -> None:
    answer = await door.client.post(PATH, content=b"{}", headers=[(b"x-hub-signature-256", b"sha256=\xe9\xff")])

    assert (answer.status_code, answer.json()) == (403, REFUSED)


async def test_two_signature_headers_are_none(door: Entrance, store: MemoryStore) -> None:
    body = messages_body("oi")
    good = (b"x-hub-signature-256", signature(body, SECRET).encode())

    answer = await door.client.post(PATH, content=body, headers=[good, good])

    assert (answer.status_code, store.stored()) == (403, 0)


async def test_a_body_without_signature_is_not_even_read(door: Entrance) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    assert (await door.post(never())).status_code == 403


async def test_a_body_too_large_by_its_own_word_is_not_read(door: Entrance) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {"x-hub-signature-256": "sha256=" + "0" * 64, "content-length": str(MOST_BYTES + 1)}
    answer = await door.client.post(PATH, content=never(), headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (413, "WEBHOOK_BODY_TOO_LARGE")


async def test_a_body_that_grows_too_large_is_cut_off(door: Entrance, store: MemoryStore) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield b"x" * 10_000

    answer = await door.post(endless(), header="sha256=" + "0" * 64)

    assert answer.status_code == 413
    assert sent <= MOST_BYTES + 20_000
    assert store.stored() == 0


async def test_a_body_of_just_the_limit_is_read(door: Entrance) -> None:
    body = messages_body("oi")
    body += b" " * (MOST_BYTES - len(body))

    assert (await door.post(body, secret=SECRET)).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b'{"a":NaN}', b"\xff\xfe", b'{"entry":[}'])
async def test_signed_bytes_that_are_no_json_are_refused(door: Entrance, store: MemoryStore, body: bytes) -> None:
    answer = await door.post(body, secret=SECRET)

    assert (answer.status_code, answer.json()["error_code"]) == (400, "WEBHOOK_MALFORMED_BODY")
    assert store.stored() == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_told_which_there_are(door: Entrance, method: str) -> None:
    answer = await door.client.request(method, PATH)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_store_that_is_away_makes_meta_send_again_and_restarts_the_doors_time(
    door: Entrance, store: MemoryStore
) -> None:
    await door.post(messages_body("before"), secret=SECRET)
    door.seconds += 60
    store.is_away = True

    answer = await door.post(messages_body("oi"), secret=SECRET)

    assert (answer.status_code, answer.json()) == (503, AWAY)
    store.is_away = False
    door.seconds += 2
    assert (await door.intake.watermark()) == (0, 2000)
    assert (await door.post(messages_body("oi"), secret=SECRET)).status_code == 200


async def test_apps_that_cannot_be_read_restart_the_doors_time_too(store: MemoryStore) -> None:
    entrance = Entrance(store)
    store.is_away = True
    entrance.seconds += 60

    async with entrance.client:
        answer = await entrance.post(messages_body("oi"), secret=SECRET)

    assert (answer.status_code, answer.json()) == (503, AWAY)
    store.is_away = False
    assert (await entrance.intake.watermark()) == (0, 0)


async def test_an_accident_inside_is_a_503_without_its_detail_and_restarts_the_doors_time() -> None:
    entrance = Entrance(Broken(), house_app(SECRET, TOKEN))
    entrance.seconds += 60
    async with entrance.client:
        answer = await entrance.post(messages_body("oi"), secret=SECRET)

    assert answer.status_code == 503
    assert "inside" not in answer.text
    assert (await entrance.intake.watermark()) == (0, 0)


class Broken(MemoryStore):
    """A store with a mistake in it."""

    async def accept(self, entries: object) -> list[None]:
        raise ZeroDivisionError("inside")


async def test_the_path_of_an_app_believes_that_app_only(door: Entrance, store: MemoryStore) -> None:
    for name in ("one", "two"):
        await store.put_app(app_of(name, f"secret of {name}"))

    answers = {
        (path, name): (
            await door.post(messages_body(f"{path} {name}"), secret=f"secret of {name}", app=path)
        ).status_code
        for path in ("", "one", "two", "none")
        for name in ("one", "two")
    }

    assert {key for key, status in answers.items() if status == 200} == {
        ("", "one"), ("", "two"), ("one", "one"), ("two", "two"),
    }  # fmt: skip
    assert set(answers.values()) == {200, 403}


async def test_a_message_tells_which_apps_signed_it(door: Entrance, store: MemoryStore) -> None:
    app = app_of("mine", "a secret of mine")
    await store.put_app(app)

    signed_by = await door.intake.signers(b"x", signature(b"x", "a secret of mine").encode(), app=None)

    assert signed_by == (f"{app.organization_id}/mine",)


async def test_after_a_rotation_both_secrets_are_believed(door: Entrance, store: MemoryStore) -> None:
    app = app_of("mine", "old secret")
    await store.put_app(app)
    await store.put_app(MetaApp(app.organization_id, "mine", "new secret", None, "token"))

    statuses = [
        (await door.post(messages_body(secret), secret=secret)).status_code
        for secret in ("old secret", "new secret", "older secret")
    ]

    assert statuses == [200, 200, 403]


async def test_a_flood_of_bad_signatures_is_no_flood_of_questions(door: Entrance, store: MemoryStore) -> None:
    await door.post(messages_body("warm"), secret=SECRET)
    before = store.questions

    for _ in range(100):
        assert (await door.post(b"{}", header="sha256=" + "0" * 64)).status_code == 403

    assert store.questions - before <= 1


async def test_a_new_app_is_believed_at_its_first_post_a_moment_later(door: Entrance, store: MemoryStore) -> None:
    await door.post(messages_body("warm"), secret=SECRET)
    await store.put_app(app_of("new", "new secret"))
    door.seconds += 0.6

    assert (await door.post(messages_body("oi"), secret="new secret")).status_code == 200


async def test_a_known_app_is_believed_while_the_store_of_apps_is_away(door: Entrance, store: MemoryStore) -> None:
    await store.put_app(app_of("mine", "my secret"))
    header = signature(b"x", "my secret").encode()
    assert await door.intake.signers(b"x", header, app=None)
    store.is_away = True
    door.seconds += 60

    assert await door.intake.signers(b"x", header, app=None)


async def test_a_thousand_events_of_one_body_are_one_answer(door: Entrance, store: MemoryStore) -> None:
    answer = await door.post(messages_body(*(str(n) for n in range(1000))), secret=SECRET)

    assert answer.status_code == 200
    (lane,) = store.messages.values()
    assert [item.event_id for item in lane] == [f"message:700800900:wamid.{n}" for n in range(1000)]


async def test_an_event_that_drives_nothing_is_kept_and_goes_nowhere(door: Entrance, store: MemoryStore) -> None:
    body = json.dumps({"object": "page", "entry": [{"id": "1", "changes": [{"field": "x", "value": {}}]}]}).encode()

    assert (await door.post(body, secret=SECRET)).status_code == 200
    assert (store.messages, store.statuses) == ({}, {})


@pytest.mark.parametrize(
    ("query", "app", "status", "text"),
    [
        (f"hub.mode=subscribe&hub.challenge=42&hub.verify_token={TOKEN}", "", 200, "42"),
        (f"hub.mode=subscribe&hub.challenge=42&hub.verify_token={TOKEN}", "house", 200, "42"),
        (f"hub.mode=subscribe&hub.challenge=42&hub.verify_token={TOKEN}", "other", 403, "WEBHOOK_INVALID_TOKEN"),
        ("hub.mode=subscribe&hub.challenge=42&hub.verify_token=wrong", "", 403, "WEBHOOK_INVALID_TOKEN"),
        (f"hub.mode=ask&hub.challenge=42&hub.verify_token={TOKEN}", "", 400, "WEBHOOK_INVALID_MODE"),
        (f"hub.mode=subscribe&hub.challenge=%3Cb%3E&hub.verify_token={TOKEN}", "", 400, "WEBHOOK_INVALID_CHALLENGE"),
        ("", "", 400, "WEBHOOK_INVALID_MODE"),
        ("&".join(f"a{n}=1" for n in range(60)), "", 400, "WEBHOOK_INVALID_MODE"),
    ],
)
async def test_the_handshake_is_answered_as_plain_text(
    door: Entrance, query: str, app: str, status: int, text: str
) -> None:
    answer = await door.ask(query, app=app)

    assert answer.status_code == status
    assert (answer.text if status == 200 else answer.json()["error_code"]) == text
    assert answer.headers["content-type"].startswith("text/plain" if status == 200 else "application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_handshake_while_apps_cannot_be_read_is_tried_again(door: Entrance, store: MemoryStore) -> None:
    store.is_away = True

    answer = await door.ask(f"hub.mode=subscribe&hub.challenge=42&hub.verify_token={TOKEN}")

    assert (answer.status_code, answer.json()["error_code"]) == (503, "STORE_UNAVAILABLE")


async def test_a_body_that_ends_early_is_no_body(store: MemoryStore) -> None:
    entrance = Entrance(store, house_app(SECRET, TOKEN))
    sent: list[MutableMapping[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, object]) -> None:
        sent.append(message)

    headers = [(b"x-hub-signature-256", b"sha256=" + b"0" * 64)]
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": headers, "query_string": b""}
    await entrance.endpoint(scope, receive, send)

    assert sent[0]["status"] == 400
    assert store.stored() == 0


async def test_a_body_that_comes_too_slowly_is_not_waited_for(store: MemoryStore) -> None:
    endpoint = WebhookEndpoint(Entrance(store).intake, max_body_bytes=MOST_BYTES, body_seconds=0.0)
    sent: list[MutableMapping[str, object]] = []

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        raise AssertionError("nothing comes")

    async def send(message: MutableMapping[str, object]) -> None:
        sent.append(message)

    headers = [(b"x-hub-signature-256", b"sha256=" + b"0" * 64)]
    await endpoint({"type": "http", "method": "POST", "path": PATH, "headers": headers}, receive, send)

    assert sent[0]["status"] == 408
    assert store.stored() == 0
