"""Servers for every test that asks: one Postgres and one Valkey a run, a database of its own for each test."""

import os
from collections.abc import Iterator
from typing import IO

import pytest

from tests.fixtures.servers import (
    FOLDER_VARIABLE,
    Database,
    Servers,
    copied_database,
    forget_unused_run,
    join_run,
    make_template,
    start_servers,
)

MEMBERSHIP: pytest.StashKey[IO[str]] = pytest.StashKey()
FOUNDED: pytest.StashKey[bool] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FOUNDED] = FOLDER_VARIABLE not in os.environ
    config.stash[MEMBERSHIP] = join_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash.get(FOUNDED, False):
        forget_unused_run()
        del os.environ[FOLDER_VARIABLE]
    config.stash[MEMBERSHIP].close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the logs of the run's houses held, summed over all processes of the run."""
    from tests.walls.watch import tally

    houses, scan = tally()
    if houses:
        terminalreporter.section(f"canaries in the logs of {houses} houses")
        terminalreporter.write_line(scan.table())


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The run's Postgres and Valkey."""
    return start_servers()


@pytest.fixture(scope="session")
def valkey_url(servers: Servers) -> str:
    """The run's Valkey, shared by all tests: use keys of your own organization."""
    return servers.valkey


@pytest.fixture(scope="session")
def migrated_servers(servers: Servers) -> Servers:
    """The run's servers, once the template database is there."""
    from services.chassis.migrate import migrate

    make_template(servers, migrate)
    return servers


@pytest.fixture
def database(migrated_servers: Servers) -> Iterator[Database]:
    """A migrated database for this test alone."""
    with copied_database(migrated_servers) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def module_database(migrated_servers: Servers) -> Iterator[Database]:
    """A migrated database for the tests of one module."""
    with copied_database(migrated_servers) as fresh:
        yield fresh
