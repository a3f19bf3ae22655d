"""The baselines work: a comparison with them is worth nothing otherwise."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.databases import create_database
from services.embedded.probes import is_listening
from services.embedded.waiting import wait_until
from tests.benchmarks.baselines.names import AIOHTTP, HTTPX, NAIVE, PLAIN
from tests.benchmarks.baselines.programs import programs, provision, sqlalchemy_url
from tests.benchmarks.meta.people import Person, make_people, phone_number_ids
from tests.benchmarks.meta.webhooks import sign, text_webhook
from tests.benchmarks.meta.world import World
from tests.benchmarks.monolith.app import WEBHOOK_PATH, create_app
from tests.benchmarks.monolith.settings import Settings
from tests.benchmarks.plain.app import Webhook
from tests.benchmarks.variant import Surroundings
from tests.fixtures.servers import Servers

APP_SECRET = "a-secret-of-nobody"
NUMBERS = phone_number_ids(1)
ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60.0


@contextlib.asynccontextmanager
async def database_of(servers: Servers, baseline: str) -> AsyncIterator[str]:
    """A database with a baseline's tables and one number."""
    name = f"baseline_{secrets.token_hex(8)}"
    await create_database(servers.postgres, name)
    url = servers.url_of(name)
    await provision(baseline, url, Surroundings("", APP_SECRET, NUMBERS))
    yield url
    async with await psycopg.AsyncConnection.connect(servers.postgres, autocommit=True) as connection:
        await connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A Meta that hears replies."""
    world = World(run=secrets.token_hex(4), app_secret=APP_SECRET)
    await world.graph.open()
    yield world
    await world.close()


@pytest.fixture
def person() -> Person:
    return make_people(1, NUMBERS)[0]


def post(client: httpx.AsyncClient, body: bytes, *, app_secret: str = APP_SECRET) -> "asyncio.Future[httpx.Response]":
    headers = {"X-Hub-Signature-256": sign(body, app_secret)}
    return asyncio.ensure_future(client.post(WEBHOOK_PATH, content=body, headers=headers))


def body_of(person: Person) -> tuple[bytes, tuple[str, ...]]:
    """The next line of a person as a webhook, and the replies that are right."""
    line = person.next_line()
    return text_webhook(person, text=line.text, message_id=f"wamid.{secrets.token_hex(20)}"), line.replies


@pytest.mark.parametrize("baseline", [HTTPX, AIOHTTP])
async def test_every_text_gets_the_one_reply_of_the_flow_from_the_monolith(
    servers: Servers, world: World, person: Person, baseline: str
) -> None:
    client_name = {HTTPX: "httpx", AIOHTTP: "aiohttp"}[baseline]
    async with contextlib.AsyncExitStack() as stack:
        url = sqlalchemy_url(await stack.enter_async_context(database_of(servers, baseline)))
        app = create_app(Settings(url, world.graph.base_url, APP_SECRET, client_name))
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)  # returns when the background task is done too
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://b"))
        for _ in range(4):
            body, replies = body_of(person)
            hearing = world.expect(person, replies)
            assert (await post(client, body)).status_code == 200
            await world.heard([hearing], seconds=10)
        assert (await post(client, body, app_secret="another")).status_code == 403
    await world.settle()


async def test_the_plain_monolith_answers_a_repeated_post_once(servers: Servers, world: World, person: Person) -> None:
    async with database_of(servers, PLAIN) as url, plain_client(url, world) as client:
        for _ in range(4):
            body, replies = body_of(person)
            hearing = world.expect(person, replies)
            statuses = {(await answer).status_code for answer in [post(client, body) for _ in range(3)]}
            assert statuses == {200}
            await world.heard([hearing], seconds=10)
        assert (await post(client, body, app_secret="another")).status_code == 403
    await world.settle()


async def test_the_plain_monolith_keeps_everything_before_it_answers_and_sends_what_a_crash_left(
    servers: Servers, world: World, person: Person
) -> None:
    nowhere = World(run="r", app_secret=APP_SECRET)
    nowhere.graph.port = choose_port()
    body, replies = body_of(person)
    async with database_of(servers, PLAIN) as url:
        async with plain_client(url, nowhere) as client:
            assert (await post(client, body)).status_code == 200
        hearing = world.expect(person, replies)
        async with plain_client(url, world):
            await world.heard([hearing], seconds=10)
        async with plain_client(url, world):
            pass
    await world.settle()


@contextlib.asynccontextmanager
async def plain_client(url: str, world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A running plain monolith; what it sends is sent before it is closed."""
    webhook = Webhook(APP_SECRET, url, world.graph.base_url)
    await webhook.open()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(webhook), base_url="http://b") as client:
        yield client
    await webhook.close()


async def test_the_naive_services_answer_over_four_hops(servers: Servers, world: World, person: Person) -> None:
    around = Surroundings(world.graph.base_url, APP_SECRET, NUMBERS)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(database_of(servers, NAIVE))
        for program in programs(NAIVE, url, around, free_address()):
            process = await asyncio.create_subprocess_exec(
                *program.arguments, env=dict(program.environment), cwd=ROOT, stdin=asyncio.subprocess.DEVNULL
            )
            stack.push_async_callback(process.wait)
            stack.callback(process.kill)
            await wait_until(
                lambda address=program.address: is_listening(address),
                timeout_seconds=START_SECONDS,
                otherwise=lambda name=program.name: f"{name} did not start",
            )
        world.connect(f"http://{program.address}{WEBHOOK_PATH}")
        for _ in range(4):
            await world.exchange(person)
    await world.settle()


def free_address() -> Callable[[], str]:
    taken: set[int] = set()

    def take() -> str:
        port = choose_port(taken=taken)
        taken.add(port)
        return f"{LOOPBACK}:{port}"

    return take
