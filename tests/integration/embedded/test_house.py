"""The whole house as a process of its own, with stand-ins for the services and real Postgres and Valkey."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.errors import HouseError
from services.embedded.keys import ROOMS
from services.embedded.state import read_state
from services.embedded.waiting import wait_until
from tests.walls import watch

ROOT = Path(__file__).resolve().parents[3]
HOUSE = (sys.executable, "-m", "tests.fixtures.house_of_stand_ins")


@dataclass(slots=True)
class Home:
    """A data folder, what the stand-ins note, and the houses started there."""

    data: Path
    notes: Path
    houses: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, *options: str) -> asyncio.subprocess.Process:
        house = await asyncio.create_subprocess_exec(
            *HOUSE,
            str(self.data),
            str(self.notes),
            *options,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={name: value for name, value in os.environ.items() if not name.endswith("_URL")},
        )
        self.houses.append(house)
        return house

    async def open(self, *options: str) -> tuple[asyncio.subprocess.Process, str]:
        """Start a house and return what it said until it was running."""
        house = await self.start(*options)
        assert house.stdout is not None
        said = b""
        async with asyncio.timeout(60):
            while b"Ctrl-C stops everything" not in said:
                line = await house.stdout.readline()
                assert line, said.decode()
                said += line
        return house, said.decode()

    def state(self) -> Any:
        return read_state(self.data)

    def ends(self) -> list[str]:
        return (self.notes / "ends.txt").read_text().split()

    def told(self, name: str) -> dict[str, str]:
        """Return the environment a stand-in was started with."""
        variables: dict[str, str] = json.loads((self.notes / f"{name}.json").read_text())
        return variables


async def close(house: asyncio.subprocess.Process, signal_number: signal.Signals = signal.SIGINT) -> str:
    """Stop a house and return the rest of what it said."""
    house.send_signal(signal_number)
    said, _ = await asyncio.wait_for(house.communicate(), timeout=60)
    return said.decode()


@pytest.fixture
async def home(folder: Path) -> AsyncIterator[Home]:
    (folder / "notes").mkdir()
    it = Home(folder / "data", folder / "notes")
    yield it
    async with AsyncExitStack() as leaving:
        for house in it.houses:
            if house.returncode is None:
                leaving.push_async_callback(close, house, signal.SIGTERM)
    watch.check(it.data, watch.gather(it.data))


async def until_pids_change(home: Home, room: str, before: list[int]) -> None:
    async def changed() -> bool:
        now = home.state()["services"][room]["pids"]
        return len(now) == len(before) and not set(now) & set(before)

    await wait_until(changed, timeout_seconds=20, otherwise=lambda: f"{room} was not started again")


async def test_a_house_opens_tells_where_and_closes_cleanly_on_ctrl_c(home: Home) -> None:
    house, said = await home.open()
    state = home.state()
    assert f"Open  {state['http']}/docs" in said
    assert list(state["services"]) == list(ROOMS)
    processes = [psutil.Process(state[name]["pid"]) for name in ("postgres", "redis", "simulator")]
    assert all(process.is_running() for process in processes)
    assert (await close(house)).rstrip().endswith("stopped")
    assert house.returncode == 0
    assert not any(process.is_running() for process in processes)


async def test_services_stop_in_the_order_messages_travel(home: Home) -> None:
    house, _ = await home.open()
    await close(house, signal.SIGTERM)
    assert house.returncode == 0
    assert home.ends() == [*ROOMS, "simulator"]


async def test_a_second_start_reuses_data_port_and_secrets_and_migrates_nothing_again(home: Home) -> None:
    house, _ = await home.open()
    first = home.state()["postgres"]["url"]
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await close(house)
    _, said = await home.open()
    second = home.state()["postgres"]["url"]
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert second == first
    assert "up to date" not in said
    assert len((home.notes / "migrations.txt").read_text().splitlines()) == 1


async def test_a_killed_service_is_back_at_once_with_its_addresses(home: Home) -> None:
    await home.open()
    before = home.state()["services"]["executor"]
    os.kill(before["pids"][0], signal.SIGKILL)
    await until_pids_change(home, "executor", before["pids"])
    after = home.state()["services"]["executor"]
    assert (after["grpc"], after["ops"]) == (before["grpc"], before["ops"])


async def test_each_service_gets_as_many_processes_as_asked_for(home: Home) -> None:
    await home.open("replicas=2")
    services = home.state()["services"]
    assert {room: len(services[room]["pids"]) for room in ROOMS} == dict.fromkeys(ROOMS, 2)
    assert home.told("ingress")["ROUTER_TARGET"].count(",") == 1


async def test_a_second_house_on_the_same_data_is_refused_with_the_first_ones_process(home: Home) -> None:
    house, _ = await home.open()
    second = await home.start()
    said, _ = await asyncio.wait_for(second.communicate(), timeout=60)
    assert second.returncode == 1
    assert f"process {house.pid}" in said.decode()
    assert home.state()["supervisor"]["pid"] == house.pid


async def test_a_service_that_cannot_start_is_told_with_its_own_words_and_nothing_is_left(home: Home) -> None:
    house = await home.start("broken")
    said, _ = await asyncio.wait_for(house.communicate(), timeout=60)
    assert house.returncode == 1
    assert "router cannot start" in said.decode()
    assert "the router has no door" in said.decode()
    with pytest.raises(HouseError):
        home.state()


async def test_a_failed_migration_is_told_in_one_sentence_and_tried_again_next_time(home: Home) -> None:
    house = await home.start("migration-fails")
    said, _ = await asyncio.wait_for(house.communicate(), timeout=60)
    assert house.returncode == 1
    assert "the database could not be brought up to date: column is taken" in said.decode()
    assert "Traceback" not in said.decode()
    _, again = await home.open()
    assert "the database is up to date" in again


async def test_an_http_port_that_was_asked_for_and_is_busy_is_refused(home: Home) -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, choose_port()))
        server.listen()
        busy = server.getsockname()[1]
        house = await home.start(f"port={busy}")
        said, _ = await asyncio.wait_for(house.communicate(), timeout=60)
    assert house.returncode == 1
    assert f"port {busy} is in use" in said.decode()


async def test_the_demo_gets_the_running_house(home: Home) -> None:
    await home.open("demo")
    noted = json.loads((home.notes / "demo.json").read_text())
    assert noted["http"] == home.state()["http"]
    assert noted["data"] == str(home.data)


async def test_a_demo_that_fails_is_told_and_the_house_runs_on(home: Home) -> None:
    _, said = await home.open("demo-fails")
    assert "the demo could not be set up (RuntimeError: no stage)" in said
    assert home.state()["http"]


async def test_ctrl_c_during_the_first_start_leaves_nothing_running_and_nothing_broken(home: Home) -> None:
    house = await home.start()
    assert house.stdout is not None
    await house.stdout.readline()
    said = await close(house)
    assert house.returncode == 0, said
    await home.open()


async def test_a_killed_house_takes_everything_with_it_and_can_be_opened_again(home: Home) -> None:
    house, _ = await home.open()
    state = home.state()
    pids = [pid for room in ROOMS for pid in state["services"][room]["pids"]] + [state["postgres"]["pid"]]
    house.kill()
    await house.communicate()

    async def all_gone() -> bool:
        return not any(psutil.pid_exists(pid) for pid in pids)

    await wait_until(all_gone, timeout_seconds=20, otherwise=lambda: "something survived")
    await home.open()
