"""Part 2 and 3: a webhook from the socket to its 200, at ingress, at pywa and at servers that do less."""

import asyncio
import base64
import os
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import count

import httpx
import orjson
import psycopg

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.keys import jwks_file, key_file
from services.embedded.rooms import WEBHOOK_PATH
from services.embedded.waiting import wait_until
from tests.benchmarks.errors import Void
from tests.benchmarks.meta.people import Person, make_people, phone_number_ids
from tests.benchmarks.meta.poster import Poster
from tests.benchmarks.meta.webhooks import message_ids, text_webhook
from tests.benchmarks.parts.contest import Contestant, cpu_of
from tests.benchmarks.parts.ground import Ground

PART = "a webhook answered"
INGRESS, PYWA = "ingress: signature, parsed, durable", "pywa on FastAPI: signature, parsed, kept nowhere"
PLAIN, STARLETTE = "plain ASGI on uvicorn: nothing", "Starlette route: nothing"
RAW, RAW_SIGNED = "FastAPI raw route: nothing", "FastAPI raw route: signature"
FLOORS = {
    PLAIN: "plain_asgi",
    STARLETTE: "starlette_route",
    RAW: "fastapi_raw",
    RAW_SIGNED: "fastapi_raw_signed",
    PYWA: "pywa_fastapi",
}
IN_FLIGHT = 64
NUMBERS, PEOPLE = 100, 2000
SETTLE_SECONDS = 0.5
HEARD_SECONDS = 30.0

Run = Callable[[int], Awaitable[None]]

_runs = count(1)


async def contestants(ground: Ground, items: int) -> list[Contestant]:
    """Start every server and return the contestants."""
    app_secret = secrets.token_hex(16)
    people = make_people(PEOPLE, phone_number_ids(NUMBERS))
    found = [await _ingress(ground, app_secret, people, items)]
    for name, factory in FLOORS.items():
        address = await _floor(ground, factory, app_secret)
        poster = Poster(f"http://{address}{WEBHOOK_PATH}", app_secret)
        found.append(
            Contestant(
                name=name,
                items=items,
                run=_posting_to_pywa(address, poster, people) if name == PYWA else _posting(poster, people),
                meter=cpu_of({"server": ground.pid_of(factory)}),
                settle_seconds=SETTLE_SECONDS,
            )
        )
    return found


def _posting(poster: Poster, people: list[Person]) -> Run:
    return lambda wanted: post_all(poster, people, wanted)


def _posting_to_pywa(address: str, poster: Poster, people: list[Person]) -> Run:
    """Post, and wait until pywa's handler, which runs after the answer, has heard everything."""

    async def run(wanted: int) -> None:
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
            before = int((await client.get("/heard")).text)
            await post_all(poster, people, wanted)

            async def is_heard() -> bool:
                return int((await client.get("/heard")).text) >= before + wanted

            await wait_until(
                is_heard,
                timeout_seconds=HEARD_SECONDS,
                otherwise=lambda: "pywa answered 200 for messages that its handler never heard",
            )

    return run


async def post_all(poster: Poster, people: list[Person], wanted: int) -> None:
    """Post so many new messages, at most IN_FLIGHT at a time; raises Void when one is not answered 200."""
    ids = message_ids(f"p{next(_runs):0>6}")
    bodies = deque(body_of(people[number % len(people)], next(ids)) for number in range(wanted))

    async def talk() -> None:
        while bodies:
            await poster.post(bodies.popleft())

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(talk())


def body_of(person: Person, message_id: str) -> bytes:
    """Return a text's body with the business-scoped user id that Meta sends since 2026, and pywa asks for."""
    body = orjson.loads(text_webhook(person, text="Olá, tudo bem?", message_id=message_id))
    value = body["entry"][0]["changes"][0]["value"]
    user_id = f"BR.{person.wa_id}0"
    value["contacts"][0]["user_id"] = value["messages"][0]["from_user_id"] = user_id
    return orjson.dumps(body)


async def _ingress(ground: Ground, app_secret: str, people: list[Person], items: int) -> Contestant:
    """Start ingress' door; its Postgres counts beside it, and every message must be there afterwards."""
    address, ops, grpc = (f"{LOOPBACK}:{choose_port()}" for _ in range(3))
    environment = os.environ | {
        "DATABASE_URL": ground.url_of("ingress"),
        "HTTP_ADDRESS": address,
        "OPS_ADDRESS": ops,
        "GRPC_ADDRESS": grpc,
        "SERVICE_KEY_FILE": str(key_file(ground.secrets_folder, "ingress")),
        "SERVICE_JWKS_FILE": str(jwks_file(ground.secrets_folder)),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SEALING_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "META_APP_SECRET": app_secret,
    }
    await ground.serve("ingress", "tests.benchmarks.parts.door", address=ops, environment=environment)
    poster = Poster(f"http://{address}{WEBHOOK_PATH}", app_secret)

    async def run(wanted: int) -> None:
        before = await stored(ground)
        await post_all(poster, people, wanted)
        if await stored(ground) != before + wanted:
            raise Void("ingress answered 200 for messages that it did not store")

    pids = {"server": ground.pid_of("ingress"), "Postgres": ground.postgres_pid}
    return Contestant(name=INGRESS, items=items, run=run, meter=cpu_of(pids), settle_seconds=SETTLE_SECONDS)


async def stored(ground: Ground) -> int:
    """Count what lies in ingress' box. This is the adapter to its tables."""
    async with await psycopg.AsyncConnection.connect(ground.superuser_url) as connection:
        row = await (await connection.execute("SELECT coalesce(sum(tail), 0) FROM ingress.out_lane")).fetchone()
    assert row is not None
    return int(row[0])


async def _floor(ground: Ground, factory: str, app_secret: str) -> str:
    address = f"{LOOPBACK}:{choose_port()}"
    host, _, port = address.rpartition(":")
    await ground.serve(
        factory, "uvicorn", "--factory", f"tests.benchmarks.parts.floors:{factory}",
        "--host", host, "--port", port, "--loop", "uvloop", "--http", "httptools",
        "--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "120",
        address=address, environment=os.environ | {"META_APP_SECRET": app_secret},
    )  # fmt: skip
    return address
