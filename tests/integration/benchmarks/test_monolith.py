"""The baseline works: a comparison with it is worth nothing otherwise."""

import secrets
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from psycopg import sql

from services.embedded.databases import create_database
from tests.benchmarks.baseline import HTTP_CLIENTS
from tests.benchmarks.meta.graph import Graph, Reply
from tests.benchmarks.meta.people import Person, make_people, phone_number_ids
from tests.benchmarks.meta.webhooks import sign, text_webhook
from tests.benchmarks.monolith.app import WEBHOOK_PATH, create_app
from tests.benchmarks.monolith.provision import provision
from tests.benchmarks.monolith.settings import Settings
from tests.fixtures.servers import Servers

APP_SECRET = "a-secret-of-nobody"
NUMBERS = phone_number_ids(1)


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    """A database with the monolith's tables and one number."""
    name = f"monolith_{secrets.token_hex(8)}"
    await create_database(servers.postgres, name)
    url = servers.url_of(name).replace("postgresql:", "postgresql+psycopg:")
    await provision(url, NUMBERS)
    yield url
    async with await psycopg.AsyncConnection.connect(servers.postgres, autocommit=True) as connection:
        await connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def say(client: httpx.AsyncClient, person: Person, *, app_secret: str = APP_SECRET) -> tuple[int, str]:
    """Post a person's next line; give the answer's status and the reply that is right."""
    line = person.next_line()
    body = text_webhook(person, text=line.text, message_id=f"wamid.{secrets.token_hex(20)}")
    headers = {"X-Hub-Signature-256": sign(body, app_secret)}
    response = await client.post(WEBHOOK_PATH, content=body, headers=headers)
    return response.status_code, line.reply


@pytest.mark.parametrize("http_client", HTTP_CLIENTS)
async def test_every_text_gets_the_one_reply_of_the_flow(database_url: str, http_client: str) -> None:
    heard: list[Reply] = []
    graph = Graph(heard.append)
    await graph.open()
    app = create_app(Settings(database_url, graph.base_url, APP_SECRET, http_client))
    transport = httpx.ASGITransport(app)  # returns when the background task is done too
    (person,) = make_people(1, NUMBERS)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://b") as client:
        answers = [await say(client, person) for _ in range(4)]
    await graph.close()
    assert [status for status, _ in answers] == [200] * 4
    assert [reply.text for reply in heard] == [reply for _, reply in answers]


async def test_a_wrong_signature_is_refused(database_url: str) -> None:
    app = create_app(Settings(database_url, "http://127.0.0.1:1", APP_SECRET))
    transport = httpx.ASGITransport(app)
    (person,) = make_people(1, NUMBERS)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://b") as client:
        status, _ = await say(client, person, app_secret="another")
    assert status == 403
