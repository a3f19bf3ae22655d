"""The five rooms in one process on real Postgres, each logged in as its own role, put together as the processes are.

Every room's own `build` runs. What would talk to the outside is replaced where it is named, in app.py, the only file
that names it: peers are the other rooms of this world, servers hand their services to the wire. Nothing runs by itself:
what relays and workers do is done when `settle` is called, so that what a call answers depends on calls alone.
"""

from __future__ import annotations

import base64
import importlib
import inspect
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from google.protobuf.message import Message

from services.chassis.db import Database
from services.chassis.queue import Lanes
from services.chassis.queue.relay import plan_of
from services.chassis.settings import read_settings
from services.embedded.keys import ROOMS, ensure_service_keys, jwks_file, key_file
from services.executor.worker import decode
from services.ingress.accounts import Accounts
from services.ingress.accounts.passwords import Passwords
from services.sender import campaigning, filing
from tests.fixtures.accounts import CHEAP
from tests.walls.wire import Neighbour, Wire
from tools.settings_docs import settings_class

_KEY = base64.b64encode(b"w" * 32).decode()
_MOST_TURNS = 50


@dataclass(frozen=True, slots=True)
class Belt:
    """A box, and where its items go (a relay that does not run)."""

    lanes: Lanes
    database: Database
    deliver: Callable[..., Any]

    async def run(self) -> bool:
        """Hand over what is ready; tells whether there was anything."""
        claims = await self.lanes.claim()
        if not claims:
            return False
        results = await self.deliver([item for claim in claims for item in claim.items])
        plan = plan_of(claims, results)
        async with self.database.transaction({claim.group_id for claim in claims}) as connection:
            for claim, item, reason in plan.buried:
                await self.lanes.bury(connection, claim, item, reason)
            await self.lanes.finish(connection, plan.finishes)
        return True


@dataclass(slots=True)
class World:
    """The rooms, and the two ways to use them: calls, and stores by room."""

    wire: Wire = field(default_factory=Wire)
    databases: dict[str, Database] = field(default_factory=dict)
    stores: dict[str, dict[str, Any]] = field(default_factory=lambda: {room: {} for room in ROOMS})
    boxes: list[tuple[Lanes, Database]] = field(default_factory=list)
    belts: list[Belt] = field(default_factory=list)
    turners: list[Callable[[], Any]] = field(default_factory=list)
    accounts: Accounts = field(init=False)

    async def call(self, path: str, request: Message) -> Any:
        """The response. Raises the PytakeError a caller would see."""
        return await self.wire.call(path, request)

    async def settle(self) -> None:
        """Everything that waits in lanes, and every erasure, goes on until nothing waits."""
        for _ in range(_MOST_TURNS):
            moved = [await turn() for turn in self.turners] + [await belt.run() for belt in self.belts]
            if not any(moved):
                return


@asynccontextmanager
async def open_world(url_of: Callable[[str], str], *, prepare: bool = True, size: int = 2) -> AsyncIterator[World]:
    """Open all rooms; `url_of` gives a room's URL with its own role."""
    world = World()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ensure_service_keys(folder)
        for room in ROOMS:
            environment = _environment(room, folder, url_of(room), prepare=prepare, size=size)
            with _replaced(room, world, stack):
                await importlib.import_module(f"services.{room}.app").build(
                    read_settings(settings_class(room), environment)
                )
        yield world


def _environment(room: str, folder: Path, url: str, *, prepare: bool, size: int) -> dict[str, str]:
    known = {
        "DATABASE_URL": url,
        "DATABASE_PREPARE": str(prepare).lower(),
        "DATABASE_POOL_SIZE": str(size),
        "SERVICE_KEY_FILE": str(key_file(folder, room)),
        "SERVICE_JWKS_FILE": str(jwks_file(folder)),
        "SECRET_KEY": "a key of the tests, longer than thirty-two characters",
        "SEALING_KEYS": _KEY,
        "TOMBSTONE_KEY": _KEY,
        "META_GRAPH_API_BASE": "http://127.0.0.1:9/v1",
        "PRIVACY_SETTLE_SECONDS": "0",
        "MEDIA_FOLDER": str(folder / "media"),
    }
    classes = fields(settings_class(room))
    limits = {one.metadata["variable"]: "0" for one in classes if "_PER_" in one.metadata["variable"]}
    for of_meta in ("NUMBER_MESSAGES_PER_SECOND", "MANAGEMENT_CALLS_PER_HOUR"):
        limits.pop(of_meta, None)
    required = {one.metadata["variable"]: "unused" for one in classes if one.default is MISSING}
    return {**required, **limits, **known}


@contextmanager
def _replaced(room: str, world: World, stack: AsyncExitStack) -> Iterator[None]:
    """What a room's composition root names, while it puts the room together."""
    app = importlib.import_module(f"services.{room}.app")

    async def open_database(*args: Any, **kwargs: Any) -> Database:
        world.databases[room] = database = await Database.open(*args, **kwargs)
        stack.push_async_callback(database.close)
        return database

    def make_lanes(box: Any, database: Database, **kwargs: Any) -> Lanes:
        lanes = Lanes(box, database, **kwargs)
        if box.group == "organization_id":
            world.boxes.append((lanes, database))
        return lanes

    def make_relay(lanes: Lanes, database: Database, _: object, deliver: Any, **__: object) -> object:
        world.belts.append(Belt(lanes, database, deliver))
        return SimpleNamespace()

    def make_inbox(inbox: Lanes, turns: Any, **_: object) -> object:
        async def turn() -> bool:
            claims = await inbox.claim(which="fresh")
            return bool(claims) and (await turns.work_off([decode(claim) for claim in claims]) or True)

        world.turners.append(turn)
        return SimpleNamespace()

    def make_jobs(work: Any, _: object) -> object:
        world.turners.append(work.turn)
        return SimpleNamespace()

    def make_queue_work(*args: Any) -> Any:
        work = real["WorkQueues"](*args)

        async def turn() -> bool:
            await work.turn()
            return False

        world.turners.append(turn)
        return work

    def make_accounts(**kwargs: Any) -> Accounts:
        world.accounts = accounts = real["open_accounts"](**kwargs, passwords=Passwords(CHEAP))
        return accounts

    def kept(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:
            world.stores[room][make.__name__] = store = make(*args, **kwargs)
            return store

        return made

    real = vars(app).copy()
    replacements: dict[str, Any] = {
        "configure_logs": lambda *_: None,
        "Database": SimpleNamespace(open=open_database),
        "Lanes": make_lanes,
        "Relay": make_relay,
        "InboxWorker": make_inbox,
        "JobWorker": make_jobs,
        "WorkQueues": make_queue_work,
        "open_accounts": make_accounts,
        "Peer": lambda *_, **__: Neighbour(world.wire),
        "RpcServer": lambda _, servicers, *__, **___: world.wire.serve(room, servicers),
        # Messages are stored and wait: nothing calls Meta.
        "Departing": lambda store, *_: store.enqueue,
    }
    replacements |= _stores_in(real, kept)
    with ExitStack() as patches:
        patches.enter_context(patch.multiple(app, **{name: it for name, it in replacements.items() if name in real}))
        if room == "sender":
            # A part of its composition root.
            for part in (campaigning, filing):
                patches.enter_context(patch.multiple(part, **_stores_in(vars(part), kept)))
        yield


def _stores_in(named: Mapping[str, Any], kept: Callable[..., Any]) -> dict[str, Any]:
    return {name: kept(it) for name, it in named.items() if name.startswith("Postgres") and inspect.isclass(it)}
