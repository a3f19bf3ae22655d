"""A running house as outsiders meet it: a process, commands, HTTP. It knows nothing of the code inside."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from tests.journeys.patience import eventually
from tests.walls import watch
from tests.walls.canaries import files_in

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("ingress", "router", "executor", "sender", "analytics")
READY = "Ctrl-C stops everything"
STOP_SECONDS = 30.0


class CommandFailed(Exception):
    """A command ended with another code than 0; the text is what it said."""


@dataclass
class House:
    """A house that runs, its commands and its doors."""

    data: Path
    process: subprocess.Popen[bytes]
    web: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))
    canaries: dict[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the commands are told besides our own environment."""

    def pytake(self, *arguments: str) -> str:
        """What a command prints. Raises CommandFailed."""
        command = [sys.executable, "-m", "services", *arguments, "--data", str(self.data)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(done.stderr + done.stdout)
        return done.stdout

    def status(self) -> dict[str, Any]:
        """What `pytake status --json` says now."""
        status: dict[str, Any] = json.loads(self.pytake("status", "--json"))
        return status

    @cached_property
    def first_status(self) -> dict[str, Any]:
        """A status taken once, for what stays: addresses."""
        return self.status()

    @property
    def http(self) -> str:
        """The address of ingress."""
        return str(self.first_status["http"])

    @property
    def meta(self) -> str:
        """The address of the simulated Meta."""
        return str(self.first_status["simulator"]["url"])

    def pids(self, room: str) -> list[int]:
        """The processes of a room now."""
        pids: list[int] = self.status()["services"][room]["pids"]
        return pids

    def kill(self, room: str) -> None:
        """Kill every process of a room, and wait until others have taken their places."""
        before = set(self.pids(room))
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: (after := self.pids(room)) and before.isdisjoint(after), f"a new process of {room}")

    def settle(self) -> None:
        """Wait until every durable mailbox is empty: whatever was accepted so far has had all its effects."""
        with psycopg.connect(self.first_status["postgres"]["url"], autocommit=True) as connection:
            waiting = _count_waiting(connection)
            eventually(lambda: connection.execute(waiting).fetchone() == (0,), "an empty house")

    def log(self) -> str:
        """Everything that any process of the house logged or printed."""
        folders = [self.data / "log", self.data.parent / "said"]
        files = (file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file())
        return "\n".join(file.read_text(errors="replace") for file in files)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.web.close()
        if self.process.poll() is None:
            self.canaries |= watch.gather(self.data)
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)


@contextlib.contextmanager
def running_house(folder: Path, *options: str, **settings: str) -> Iterator[House]:
    """`pytake up` on the data below `folder`, ready to be used; stopped at the end if a test has not done so.

    `settings` are variables of the environment besides our own.
    """
    house = start_house(folder, *options, **settings)
    try:
        yield house
    finally:
        house.stop()
    watch.check(house.data, watch.gather(house.data) | house.canaries, files_in(folder / "said"))


def start_house(folder: Path, *options: str, **settings: str) -> House:
    """Start a house without a demo and wait until it is ready. Raises RuntimeError with what it said."""
    said = folder / "said" / "up.txt"
    said.parent.mkdir(parents=True, exist_ok=True)
    # Port 8000 is everybody's favourite: houses that start at the same time each get a port of their own.
    place = ["--data", str(folder / "data"), "--http-port", str(_free_port())]
    command = [sys.executable, "-m", "services", "up", *place, "--no-demo", *options]
    # Nothing is under way for long here, so an erasure need not wait long before it looks again.
    environment = {"PRIVACY_SETTLE_SECONDS": "0.5", **os.environ}
    with said.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def is_ready() -> bool:
        if process.poll() is not None:
            raise RuntimeError(said.read_text())
        return READY in said.read_text()

    try:
        eventually(is_ready, "a ready house", seconds=120)
    except BaseException:
        process.kill()
        raise
    return House(folder / "data", process)


def _free_port() -> int:
    """A port below those that the kernel hands out to outgoing connections."""
    chance = random.SystemRandom()
    while True:
        port = chance.randint(10_000, 32_767)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def _count_waiting(connection: psycopg.Connection) -> sql.Composed:
    """One statement, thus one snapshot, that counts the lanes of all rooms with something left to do."""
    lanes = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.columns"
        " WHERE column_name = 'wake_at' AND table_schema = ANY(%s) AND table_name LIKE '%%lane'",
        (list(ROOMS),),
    ).fetchall()
    counts = [sql.SQL("(SELECT count(*) FROM {} WHERE head < tail)").format(sql.Identifier(*lane)) for lane in lanes]
    return sql.SQL("SELECT {}").format(sql.SQL(" + ").join(counts))
