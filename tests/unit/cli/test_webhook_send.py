import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.cli.rooms import house_secret
from services.embedded.state import read_state
from tests.unit.cli.conftest import Line, acme
from tests.unit.cli.fake_house import fake_house

Posts = list[tuple[str, str, bytes]]


def body_for(phone_number_id: str) -> bytes:
    """A body with blanks that a parse and dump would lose."""
    value = {"metadata": {"phone_number_id": phone_number_id}, "messages": [{"id": "w", "type": "text"}]}
    entry = {"id": "9", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}, indent=3).encode()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[tuple[Line, Posts]]:
    """A command line whose house has a door that remembers path, signature and body, and refuses those with "no"."""
    posts: Posts = []

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        posts.append((request.path, request.headers["X-Hub-Signature-256"], body))
        return web.Response(status=403 if body == b"no" else 200, text="said")

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    server = TestServer(app)
    await server.start_server()
    async with fake_house(tmp_path, http=str(server.make_url("")).rstrip("/")) as kept:
        yield Line(tmp_path, kept), posts
    await server.close()


def signed(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def written(line: Line, body: bytes) -> str:
    path = line.data / "body.json"
    path.write_bytes(body)
    return str(path)


async def test_the_exact_bytes_are_signed_by_the_app_of_the_number(door: tuple[Line, Posts]) -> None:
    line, posts = door
    other = {"name": "aaa", "meta_apps": [{"name": "first", "app_secret": "x", "verify_token": "y"}]}
    await line.run("apply", line.write({"organizations": [other, *acme()["organizations"]]}))
    body = body_for("300000000000003")
    result = await line.run("webhook", "send", written(line, body))
    assert (result.exit_code, result.output.split()[0]) == (0, "200")
    assert posts == [("/api/v1/whatsapp/webhook/main", signed("s3cret", body), body)]


async def test_a_body_without_a_known_number_is_signed_by_the_first_app(door: tuple[Line, Posts]) -> None:
    line, posts = door
    await line.run("apply", line.write(acme()))
    await line.run("webhook", "send", written(line, b"{"))
    assert posts == [("/api/v1/whatsapp/webhook/main", signed("s3cret", b"{"), b"{")]


async def test_before_any_apply_the_houses_own_secret_signs(door: tuple[Line, Posts]) -> None:
    line, posts = door
    await line.run("webhook", "send", written(line, b"{}"))
    secret = house_secret(read_state(line.data))
    assert posts == [("/api/v1/whatsapp/webhook", signed(secret, b"{}"), b"{}")]


async def test_an_app_can_be_named_with_and_without_its_organization(door: tuple[Line, Posts]) -> None:
    line, posts = door
    await line.run("apply", line.write(acme()))
    for name in ("main", "acme/main"):
        assert (await line.run("webhook", "send", written(line, b"{}"), "--app", name)).exit_code == 0
    assert posts[0] == posts[1]


async def test_an_app_that_was_never_applied_is_wrong_input(door: tuple[Line, Posts]) -> None:
    line, posts = door
    await line.run("apply", line.write(acme()))
    result = await line.run("webhook", "send", written(line, b"{}"), "--app", "mian")
    assert (result.exit_code, posts) == (2, [])
    assert "the apps known are: acme/main" in result.output


async def test_a_refusal_shows_the_answer_and_ends_with_one(door: tuple[Line, Posts]) -> None:
    line, _ = door
    result = await line.run("webhook", "send", written(line, b"no"))
    assert result.exit_code == 1
    assert result.output.startswith("403 ")
    assert result.output.rstrip().endswith(": said")
