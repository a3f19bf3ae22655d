"""Manners of paths: a slash at the end, HEAD, OPTIONS, and methods that a path does not take."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.ingress.http.paths import FindsPaths, Paths, allowed
from tests.fakes.ingress_peers import state_of
from tests.fixtures.rest import Asker

LIST = "/api/v1/conversations"


@pytest.fixture
def paths() -> Paths:
    paths = Paths()
    for path, methods in (
        ("/queues", ["GET"]), ("/queues", ["POST"]), ("/queues/pull", ["POST"]), ("/queues/{queue_id}", ["DELETE"]),
        ("/numbers/", ["GET"]), ("/numbers/{id}", ["GET"]), ("/numbers/{id}", ["PUT"]),
    ):  # fmt: skip
        paths.add(path, methods)
    return paths


@pytest.mark.parametrize(
    ("path", "served", "methods"),
    [
        ("/queues", "/queues", {"GET", "POST"}),
        ("/queues/", "/queues", {"GET", "POST"}),
        ("/numbers", "/numbers/", {"GET"}),
        ("/numbers/", "/numbers/", {"GET"}),
        ("/numbers/7", "/numbers/7", {"GET", "PUT"}),
        ("/numbers/7/", "/numbers/7", {"GET", "PUT"}),
        ("/queues/pull", "/queues/pull", {"POST"}),
        ("/queues/9", "/queues/9", {"DELETE"}),
    ],
)
def test_a_path_is_the_same_with_a_slash_at_its_end(paths: Paths, path: str, served: str, methods: set[str]) -> None:
    assert paths.find(path) == (served, methods, methods)


def test_of_two_templates_both_are_served_and_the_closer_one_is_told(paths: Paths) -> None:
    paths.add("/numbers/{id}/sync", ["POST"])
    paths.add("/numbers/{id}/{name}", ["DELETE"])

    assert paths.find("/numbers/7/sync") == ("/numbers/7/sync", {"POST", "DELETE"}, {"POST"})
    assert paths.find("/numbers/7/other") == ("/numbers/7/other", {"DELETE"}, {"DELETE"})


@pytest.mark.parametrize("path", ["/", "", "//", "/queues//", "/nothing", "/numbers/7/8", "/QUEUES"])
def test_what_is_no_path_is_left_to_the_site(paths: Paths, path: str) -> None:
    assert paths.find(path) is None


def test_what_a_path_takes_is_told_in_order_with_what_is_always_taken() -> None:
    assert allowed({"POST", "GET"}) == "GET, HEAD, OPTIONS, POST"
    assert allowed({"DELETE"}) == "DELETE, OPTIONS"


async def test_a_list_is_read_and_written_with_and_without_the_slash(asker: Asker) -> None:
    for path in ("/api/v1/contacts", "/api/v1/contacts/", "/api/v1/whatsapp", "/api/v1/whatsapp/"):
        assert (await asker.get(path)).status_code == 200
    made = [
        await asker.post(path, {"name": name}) for path, name in (("/api/v1/chatbots/", "a"), ("/api/v1/chatbots", "b"))
    ]

    assert [answer.status_code for answer in made] == [201, 201]


async def test_a_repeat_is_one_with_and_without_the_slash(asker: Asker) -> None:
    headers = asker.headers | {"idempotency-key": "once"}
    first, second = [
        await asker.client.post(path, json={"name": "a"}, headers=headers)
        for path in ("/api/v1/chatbots", "/api/v1/chatbots/")
    ]

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["idempotency-replayed"] == "true"


async def test_head_is_get_without_its_body(asker: Asker) -> None:
    asker.house.states[asker.organization_id] = [state_of()]

    whole = await asker.get(LIST)
    head = await asker.client.head(LIST, headers=asker.headers)
    refused = await asker.client.head(LIST)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))
    assert (refused.status_code, refused.content) == (401, b"")
    for path in ("/healthz", "/readyz", "/docs"):
        assert (await asker.client.head(path)).status_code == 200
    assert (await asker.client.head("/api/v1/queues/pull", headers=asker.headers)).status_code == 405


async def test_options_tells_what_a_path_takes_without_a_token(asker: Asker) -> None:
    told = [await asker.client.options(path) for path in ("/api/v1/flows", f"{LIST}/5511987654321/send", "/healthz")]

    assert [answer.status_code for answer in told] == [204, 204, 204]
    assert [answer.headers["allow"] for answer in told] == [
        "GET, HEAD, OPTIONS, POST", "OPTIONS, POST", "GET, HEAD, OPTIONS",
    ]  # fmt: skip
    assert (await asker.client.options("/api/v1/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/v1/contacts", "GET, HEAD, OPTIONS, POST"),
        ("POST", f"{LIST}/5511987654321", "GET, HEAD, OPTIONS"),
        # No id of a flow or a queue, though a flow can be read and a queue deleted.
        ("GET", "/api/v1/flows/import", "OPTIONS, POST"),
        ("DELETE", "/api/v1/queues/pull", "OPTIONS, POST"),
        ("TRACE", "/api/v1/flows", "GET, HEAD, OPTIONS, POST"),
    ],
)
async def test_a_wrong_method_is_told_all_that_are_right(asker: Asker, method: str, path: str, allow: str) -> None:
    answer = await asker.client.request(method, path, headers=asker.headers)

    assert (answer.status_code, answer.json()["error_code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allow
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_stream_whose_head_was_asked_for_ends_at_once() -> None:
    sent: list[dict[str, Any]] = []
    is_over = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"news"
        await asyncio.Event().wait()

    async def site(scope: Any, receive: Any, send: Any) -> None:
        assert Request(scope).method == "GET"
        await StreamingResponse(endless())(scope, receive, send)

    async def receive() -> dict[str, Any]:
        # As uvicorn has it: once an answer is whole, its reader is gone.
        await is_over.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            is_over.set()

    paths = Paths()
    paths.add("/events", ["GET"])
    scope = {"type": "http", "method": "HEAD", "path": "/events", "headers": [], "asgi": {"spec_version": "2.3"}}
    await asyncio.wait_for(FindsPaths(site, paths=paths)(scope, receive, send), 5)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[1]["body"] == b""


async def test_what_stands_outside_sees_what_the_request_became() -> None:
    async def site(scope: Any, receive: Any, send: Any) -> None:
        Request(scope).state.account = "noted"
        await Response()(scope, receive, send)

    async def nothing(*_: object) -> Any: ...

    paths = Paths()
    paths.add("/events", ["GET"])
    for method, path in (("HEAD", "/events"), ("GET", "/events/")):
        scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": []}
        await FindsPaths(site, paths=paths)(scope, nothing, nothing)
        assert (scope["path"], scope["method"], scope["state"]["account"]) == ("/events", method, "noted")
