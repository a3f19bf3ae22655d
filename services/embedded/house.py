"""The whole house on one machine: everything started in order, watched, and stopped in order."""

import asyncio
import contextlib
import inspect
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.embedded.addresses import LOOPBACK, Claim, claim_exactly, claim_port
from services.embedded.console import PlainConsole
from services.embedded.databases import Migrate
from services.embedded.errors import HouseError
from services.embedded.keys import ROOMS, note_secrets_in_use, renew_service_keys
from services.embedded.numbers import demo_number, write_simulator_file
from services.embedded.probes import is_listening, is_ready
from services.embedded.process import last_lines
from services.embedded.rooms import (
    Programs,
    Replica,
    Surroundings,
    free_address,
    graph_api_base,
    plan_replicas,
    python_modules,
)
from services.embedded.state import DEFAULT_DATA, State, house_lock, write_state
from services.embedded.stores import Stores
from services.embedded.supervisor import Supervisor
from services.embedded.waiting import wait_until

USUAL_HTTP_PORTS = tuple(range(8000, 8010))
READY_SECONDS = 90.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

ProvisionDemo = Callable[[State], Awaitable[None] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseOptions:
    """What the person who starts it may choose; `environment` is theirs."""

    environment: Mapping[str, str]
    data: Path = DEFAULT_DATA
    http_port: int | None = None
    replicas: int = 1
    with_simulator: bool = True
    programs: Programs = python_modules


class House:
    """Runs until it is told to stop; `migrate` and `provision_demo` are given: neither is imported here."""

    def __init__(
        self,
        options: HouseOptions,
        *,
        console: PlainConsole,
        migrate: Migrate,
        provision_demo: ProvisionDemo | None,
    ) -> None:
        self._options = options
        self._console = console
        self._provision_demo = provision_demo
        self._data = options.data.absolute()
        self._log_folder = self._data / "log"
        self._supervisor = Supervisor(say=console.say, changed=self._write_state)
        self._stop_asked = asyncio.Event()
        self._surroundings: Surroundings | None = None
        self._simulator_address: str | None = None
        self._http_claim: Claim | None = None
        self._stores = Stores(
            self._data,
            environment=options.environment,
            supervisor=self._supervisor,
            console=console,
            migrate=migrate,
        )

    async def run(self) -> None:
        """Start everything, stay until a signal, stop everything; raises HouseError with the mend."""
        self._make_folders()
        with house_lock(self._data):
            self._listen_for_stop()
            try:
                await self._unless_stopped(self._start())
                await self._stop_asked.wait()
            finally:
                await self._close()

    def state(self) -> State:
        """Return what other commands need to find and talk to this house."""
        simulator = self._simulator_address
        return {
            "data": str(self._data),
            "http": f"http://{self._surroundings.http_address}" if self._surroundings else None,
            "services": {room: self._room_state(room) for room in ROOMS} if self._surroundings else {},
            "postgres": {"pid": self._supervisor.pid("postgres"), "url": self._stores.database_url},
            "redis": {"pid": self._supervisor.pid("valkey"), "url": self._stores.redis_url},
            "simulator": self._process("simulator", url=f"http://{simulator}") if simulator else None,
            "supervisor": {"pid": os.getpid()},
        }

    def _room_state(self, room: str) -> State:
        """The first process's addresses, as for a room that has only one, and each process's own."""
        assert self._surroundings is not None
        replicas = self._surroundings.plan[room]
        each = [self._replica_state(replica) for replica in replicas]
        pids = [process["pid"] for process in each if process["pid"] is not None]
        return {"pids": pids, "grpc": replicas[0].grpc, "ops": replicas[0].ops, "processes": each}

    def _replica_state(self, replica: Replica) -> State:
        http = {"http": f"http://{replica.http}"} if replica.http else {}
        return self._process(replica.name, grpc=replica.grpc, ops=replica.ops, **http)

    def _process(self, name: str, **addresses: str) -> State:
        return {"pid": self._supervisor.pid(name), **addresses}

    def _write_state(self) -> None:
        write_state(self._data, self.state())

    def _make_folders(self) -> None:
        """Everything inside is private; the folder itself can be passed through, for the database's user."""
        self._data.mkdir(mode=0o711, parents=True, exist_ok=True)
        try:
            for name in ("run", "log", "secrets"):
                (self._data / name).mkdir(mode=0o700, exist_ok=True)
                (self._data / name / ".writable").touch()
                (self._data / name / ".writable").unlink()
        except PermissionError as error:
            raise HouseError(
                f"{error.filename} belongs to somebody else: run as that user, or choose another --data"
            ) from None

    def _replicas(self) -> list[Replica]:
        plan = self._surroundings.plan if self._surroundings else {}
        return [replica for replicas in plan.values() for replica in replicas]

    async def _start(self) -> None:
        renew_service_keys(self._data / "secrets")
        note_secrets_in_use(self._data / "secrets", self._options.environment)
        with self._console.step("starting Postgres and Valkey", "Postgres and Valkey are ready"):
            await self._stores.start()
        await self._stores.bring_up_to_date()
        self._surroundings = self._survey()
        with self._console.step("starting the services", "the services are ready"):
            await asyncio.gather(self._start_simulator(), *map(self._start_replica, self._replicas()))
        await self._provide_demo()
        self._tell_how_to_talk()

    def _survey(self) -> Surroundings:
        """Choose every address, and gather what the services are told."""
        taken: set[int] = set()
        self._http_claim = self._claim_http_port(taken)
        http_address = f"{LOOPBACK}:{self._http_claim.port}"
        self._simulator_address = free_address(taken) if self._options.with_simulator else None
        return Surroundings(
            plan=plan_replicas(self._options.replicas, http_address, taken),
            http_address=http_address,
            graph_api_base=graph_api_base(self._options.environment, self._simulator_address),
            database_urls={room: self._stores.database_url_of(room) for room in ROOMS},
            redis_url=self._stores.redis_url,
            secrets=self._stores.secrets,
            secrets_folder=self._data / "secrets",
            log_folder=self._log_folder,
            environment=self._options.environment,
            programs=self._options.programs,
        )

    def _claim_http_port(self, taken: set[int]) -> Claim:
        wanted = self._options.http_port
        if wanted is None:
            claim = claim_port(*USUAL_HTTP_PORTS, taken=taken)
            if claim.port != USUAL_HTTP_PORTS[0]:
                self._console.say(f"port {USUAL_HTTP_PORTS[0]} is in use; HTTP is served on {claim.port}")
            return claim
        exact = claim_exactly(wanted)
        if exact is None:
            raise HouseError(f"port {wanted} is in use: end what uses it, or give another --http-port")
        taken.add(wanted)
        return exact

    async def _start_simulator(self) -> None:
        address = self._simulator_address
        if address is None:
            return
        around = self._surroundings
        assert around is not None
        number = demo_number(around.secrets, around.environment, around.webhook_url)
        configuration = write_simulator_file(self._data, number)
        await self._supervisor.start(around.simulator_command(address, configuration))
        await self._wait_for("simulator", lambda: is_listening(address))

    async def _start_replica(self, replica: Replica) -> None:
        assert self._surroundings is not None
        await self._supervisor.start(self._surroundings.command(replica))
        await self._wait_for(replica.name, lambda: is_ready(replica.ops))

    async def _wait_for(self, name: str, answers: Callable[[], Awaitable[bool]]) -> None:
        log = self._log_folder / f"{name}.log"

        async def is_settled() -> bool:
            if self._supervisor.is_failing(name):
                raise HouseError(f"{name} cannot start. The end of {log}:\n{last_lines(log)}")
            return await answers()

        await wait_until(
            is_settled,
            timeout_seconds=READY_SECONDS,
            otherwise=lambda: f"{name} was not ready after {READY_SECONDS:g} s. The end of {log}:\n{last_lines(log)}",
        )

    async def _provide_demo(self) -> None:
        """A demo that fails is told, and costs nobody the running house."""
        if self._provision_demo is None:
            return
        try:
            with self._console.step("setting organizations and numbers up", "organizations and numbers are there"):
                result = await asyncio.to_thread(self._provision_demo, self.state())
                if inspect.isawaitable(result):
                    await result
        except Exception as error:
            self._console.say(f"the demo could not be set up ({type(error).__name__}: {error}); all else runs")

    def _tell_how_to_talk(self) -> None:
        assert self._surroundings is not None
        pytake = Path(sys.executable).with_name("pytake")
        where = "" if self._options.data == DEFAULT_DATA else f" --data {self._options.data}"
        lines = [
            "",
            f"PyTake is running. Open  http://{self._surroundings.http_address}/docs",
            f"Be a phone:              http://{self._simulator_address}/phone" if self._simulator_address else "",
            f'or in another terminal:  {pytake} chat{where} --from 5511999990001 "Oi"',
            f"Data, logs, secrets:     {self._options.data}",
            "Ctrl-C stops everything and keeps the data.",
        ]
        self._console.say("\n".join(line for index, line in enumerate(lines) if line or index == 0))

    async def _unless_stopped(self, work: Awaitable[None]) -> None:
        """Await the work, or drop it when somebody asks to stop first."""
        doing = asyncio.ensure_future(work)
        asked = asyncio.create_task(self._stop_asked.wait())
        await asyncio.wait({doing, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if doing.done():
            await doing
            return
        doing.cancel()
        with contextlib.suppress(asyncio.CancelledError, HouseError, OSError):  # who asked to stop gets that
            await doing

    def _listen_for_stop(self) -> None:
        loop = asyncio.get_running_loop()
        for signal_number in STOP_SIGNALS:
            loop.add_signal_handler(signal_number, self._ask_to_stop)

    def _ask_to_stop(self) -> None:
        if self._stop_asked.is_set():
            self._console.say("hurrying")
            self._supervisor.hurry()
            return
        self._console.say("\nstopping; the data is kept")
        self._stop_asked.set()

    async def _close(self) -> None:
        """Stop in the order messages travel, so that what was accepted can still be passed on; data last."""
        rooms = [tuple(r.name for r in self._replicas() if r.room == room) for room in ROOMS]
        await self._supervisor.stop_in_order([*rooms, ("simulator",), ("valkey",), ("postgres",)])
        if self._http_claim:
            self._http_claim.release()
        self._console.say("stopped")
