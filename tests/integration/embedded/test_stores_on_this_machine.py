"""Embedded Postgres and Valkey as `pytake up` runs them: durable, on the loopback interface, restarted."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest
import redis

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.errors import HouseError
from services.embedded.postgres import Durability, EmbeddedPostgres
from services.embedded.supervisor import Supervisor
from services.embedded.valkey import EmbeddedValkey
from services.embedded.waiting import wait_until

PASSWORD = "with/odd:signs@ and spaces"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
async def supervisor(said: list[str]) -> AsyncIterator[Supervisor]:
    it = Supervisor(say=said.append)
    yield it
    await it.stop_in_order([])


def postgres_in(folder: Path, **options: int | None) -> EmbeddedPostgres:
    return EmbeddedPostgres(
        folder / "postgres",
        log_folder=folder / "log",
        password=PASSWORD,
        durability=Durability.FAST_TESTS,
        preferred_port=options.get("preferred_port"),
    )


async def started(folder: Path, supervisor: Supervisor, say: Callable[[str], None] = print) -> EmbeddedPostgres:
    postgres = postgres_in(folder)
    await postgres.prepare(say)
    await supervisor.start(postgres.command())
    await postgres.wait_until_ready()
    return postgres


def answer(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def keep_42(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


async def until_connected(url: str) -> None:
    async def connects() -> bool:
        try:
            return answer(url, "SELECT 1") == 1
        except psycopg.OperationalError:
            return False

    await wait_until(connects, timeout_seconds=20, otherwise=lambda: "Postgres did not come back")


async def test_a_new_cluster_has_checksums_utf8_and_one_order_on_every_machine(
    folder: Path, supervisor: Supervisor
) -> None:
    postgres = await started(folder, supervisor)
    assert answer(postgres.maintenance_url, "SHOW data_checksums") == "on"
    assert answer(postgres.maintenance_url, "SHOW server_encoding") == "UTF8"
    assert answer(postgres.maintenance_url, "SELECT 'Z' < 'a'") is True
    assert answer(postgres.maintenance_url, "SHOW password_encryption") == "scram-sha-256"


async def test_a_wrong_password_is_refused(folder: Path, supervisor: Supervisor) -> None:
    postgres = await started(folder, supervisor)
    url = postgres.url_for("postgres", "guessed", database="postgres")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


async def test_what_was_committed_is_there_after_a_stop_and_a_start(folder: Path, supervisor: Supervisor) -> None:
    first = await started(folder, supervisor)
    keep_42(first.maintenance_url)
    await supervisor.stop("postgres")
    second = await started(folder, supervisor)
    assert answer(second.maintenance_url, "SELECT answer FROM kept") == 42
    assert second.port == first.port


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGQUIT])
async def test_a_crashed_postgres_comes_back_with_what_was_committed(
    folder: Path, supervisor: Supervisor, signal_number: signal.Signals
) -> None:
    postgres = await started(folder, supervisor)
    keep_42(postgres.maintenance_url)
    first = supervisor.pid("postgres")
    assert first is not None
    os.kill(first, signal_number)
    await wait_for_another_pid(supervisor, first)
    await until_connected(postgres.maintenance_url)
    assert answer(postgres.maintenance_url, "SELECT answer FROM kept") == 42


async def wait_for_another_pid(supervisor: Supervisor, first: int) -> None:
    async def changed() -> bool:
        return supervisor.pid("postgres") not in (None, first)

    await wait_until(changed, timeout_seconds=20, otherwise=lambda: "it was not started again")


async def test_a_storm_can_crash_it_by_name(folder: Path, supervisor: Supervisor) -> None:
    postgres = await started(folder, supervisor)
    first = supervisor.pid("postgres")
    assert first is not None
    postgres.kill_immediate()
    await wait_for_another_pid(supervisor, first)
    await until_connected(postgres.maintenance_url)


async def test_a_pid_file_whose_number_somebody_else_has_by_now_does_not_keep_it_from_starting(
    folder: Path, supervisor: Supervisor
) -> None:
    await started(folder, supervisor)
    await supervisor.stop("postgres")
    (folder / "postgres" / "cluster" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n0\n5432\n\n\n0 0\n")
    postgres = await started(folder, supervisor)
    assert answer(postgres.maintenance_url, "SELECT 1") == 1


async def test_a_postgres_that_an_earlier_run_left_behind_is_stopped_first(
    folder: Path, supervisor: Supervisor, said: list[str]
) -> None:
    await started(folder, supervisor)
    other = Supervisor(say=said.append)
    try:
        postgres = await started(folder, other, said.append)
        assert said[0] == "waiting for the Postgres of an earlier run to stop"
        assert answer(postgres.maintenance_url, "SELECT 1") == 1
    finally:
        await supervisor.stop("postgres")
        await other.stop("postgres")


async def test_an_interrupted_first_start_is_begun_anew(folder: Path, supervisor: Supervisor) -> None:
    postgres = postgres_in(folder)
    making = asyncio.create_task(postgres.prepare(print))
    draft = folder / "postgres" / "cluster.new"

    async def has_begun() -> bool:
        return draft.exists()

    await wait_until(has_begun, timeout_seconds=20, otherwise=lambda: "initdb never began")
    making.cancel()
    await asyncio.wait({making})
    assert making.cancelled()
    assert not postgres.cluster.exists()
    again = await started(folder, supervisor)
    assert answer(again.maintenance_url, "SELECT 1") == 1


async def test_a_busy_port_is_told_and_another_one_is_taken(folder: Path, said: list[str]) -> None:
    with socket.socket() as server:
        busy = choose_port()
        server.bind((LOOPBACK, busy))
        server.listen()
        postgres = postgres_in(folder, preferred_port=busy)
        await postgres.prepare(said.append)
        valkey = EmbeddedValkey(folder / "valkey", log_folder=folder / "log", password="p", preferred_port=busy)
        valkey.prepare(said.append)
    assert said == [
        f"port {busy} is in use; Postgres listens on {postgres.port}",
        f"port {busy} is in use; Valkey listens on {valkey.port}",
    ]


@pytest.mark.parametrize("durability", list(Durability))
async def test_only_tests_give_up_safety_for_speed(folder: Path, durability: Durability) -> None:
    postgres = EmbeddedPostgres(folder / "p", log_folder=folder, password="p", durability=durability)
    fsync = "fsync=on" if durability is Durability.DURABLE else "fsync=off"
    assert fsync in postgres.command().arguments


async def test_initdb_says_why_it_failed(folder: Path) -> None:
    programs = folder / "bin"
    programs.mkdir(mode=0o755)
    for name in ("initdb", "postgres"):
        (programs / name).write_text("#!/bin/sh\necho no space left on device\nexit 1\n")
        (programs / name).chmod(0o755)
    postgres = EmbeddedPostgres(folder / "p", log_folder=folder, password="p", programs=programs)
    with pytest.raises(HouseError, match="no space left on device"):
        await postgres.prepare(print)


async def test_valkey_wants_its_password_and_keeps_nothing_on_disk(folder: Path, supervisor: Supervisor) -> None:
    valkey = EmbeddedValkey(folder / "valkey", log_folder=folder / "log", password="hush", preferred_port=None)
    valkey.prepare(print)
    await supervisor.start(valkey.command())
    await valkey.wait_until_ready()
    with redis.Redis(host=LOOPBACK, port=valkey.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.from_url(valkey.url) as client:
        client.set("key", "value")
        assert client.config_get("save") == {"save": ""}
    await supervisor.stop("valkey")
    assert {path.name for path in (folder / "valkey").iterdir()} == {"port", "valkey.conf"}


async def test_no_password_shows_in_a_command_line(folder: Path) -> None:
    postgres = postgres_in(folder)
    await postgres.prepare(print)
    valkey = EmbeddedValkey(folder / "valkey", log_folder=folder, password=PASSWORD, preferred_port=None)
    valkey.prepare(print)
    assert PASSWORD not in " ".join((*postgres.command().arguments, *valkey.command().arguments))
