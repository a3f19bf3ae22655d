"""Read one room and you know all five: the furniture is the same, and the chassis takes nothing new in."""

import ast
import re
from pathlib import Path

import pytest

from services.embedded.keys import ROOMS
from tests.house.files import ROOT, files

SERVICES = ROOT / "services"
MOST_LINES = 400

CHASSIS = {
    "__init__", "alembic", "clock", "db", "errors", "files", "lifecycle", "logs", "metrics", "migrate", "ops", "queue",
    "redis", "rpc", "sealing", "settings", "tenancy",
    "egress",  # two rooms call addresses that a tenant chose, and the walls round them are the same
    "audit",  # a change and its note are one transaction, so every room keeps its own log, and all in one form
}  # fmt: skip

ALWAYS = {
    "__init__", "__main__", "app", "settings", "server", "usecases", "ports", "store", "domain", "migrations",
}  # fmt: skip
IF_NEEDED = {"worker", "cache", "peers"}

# What one room has and no other, and why it is no other room's business.
OWN = {
    "ingress": {
        "http",  # the only room with an HTTP side: webhook, REST, pages
        "apps",  # Meta apps in memory: a signature is checked before anything is loaded
        "entries",  # parsed events as lane items; protobuf stays out of the domain
        "audit",  # use case of the REST API: what several rooms noted, as one list
        "analytics",  # use case of the REST API: figures with flows' names, and the log as a file
        "dashboards",  # use case of the REST API: an organization at a glance, put together of what three rooms know
        "conversations",  # use cases of the REST API, beside those of the webhook
        "files",  # exports as CSV, JSON lines, Parquet and PDF: libraries that domain may not know
        "live",  # streams to people's programs, which outlive a request
        "privacy",  # erasures go through all rooms, and ingress calls nearly all of them anyhow
        "accounts",  # people, sessions, invitations, API keys: a room within the room, with tables of its own
    },
    "router": {
        "metrics",  # conversations among people are router's own figures
    },
    "executor": {
        "metrics",  # calls outside are executor's own figures
    },
    "sender": {
        "graph",  # the only room that calls Meta
        "metrics",  # doubts and duplicates are sender's own figures
        "campaigning",  # the part of app that composes campaigns
        "filing",  # the part of app that composes what keeps files
        "objects",  # files that people send and get: no other room keeps any
        "upkeep",  # partitions and retention
    },
    "analytics": set[str](),
}
ENVIRONMENT = re.compile(r"\bos\.(environ|getenv)|from os import")
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "impl", "misc", "shared"}


def names_in(folder: Path) -> set[str]:
    """Modules and packages in a folder."""
    return {
        path.stem for path in folder.iterdir() if path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")
    }


SOURCES = [path for path in files(".py") if not path.is_relative_to(SERVICES / "pb")]


def test_the_chassis_is_closed() -> None:
    assert names_in(SERVICES / "chassis") == CHASSIS


def test_the_house_has_five_rooms_and_what_serves_them() -> None:
    assert names_in(SERVICES) == {*ROOMS, "__init__", "__main__", "chassis", "cli", "embedded", "pb"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_the_furniture_of_all_rooms_and_nothing_unexplained(room: str) -> None:
    names = names_in(SERVICES / room)

    assert names >= ALWAYS
    assert names - ALWAYS - IF_NEEDED == OWN[room]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_does_owns_and_never_does(room: str) -> None:
    told = (ast.get_docstring(ast.parse((SERVICES / room / "__init__.py").read_text())) or "").lower()

    assert [word for word in ("does", "owns", "never does") if f"\n{word}" not in told] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_begins_in_one_line(room: str) -> None:
    body = ast.parse((SERVICES / room / "__main__.py").read_text()).body
    statements = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]

    assert len(statements) == 2  # a docstring and the start
    assert "run_service(lambda: build(read_settings(Settings, os.environ)))" in ast.unparse(statements[1])


@pytest.mark.parametrize("room", ROOMS)
def test_only_the_first_line_of_a_room_reads_the_environment(room: str) -> None:
    readers = {path.name for path in (SERVICES / room).rglob("*.py") if ENVIRONMENT.search(path.read_text())}

    assert readers == {"__main__.py"}


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): path.read_text().count("\n") for path in SOURCES}

    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path.as_posix() for path in SOURCES if NAMELESS & {path.stem, path.parent.name}] == []


def test_every_module_of_the_services_says_what_it_is() -> None:
    modules = [path for path in SOURCES if path.is_relative_to(SERVICES) and path.stat().st_size]

    # A docstring is the first thing in a file.
    assert [path.as_posix() for path in modules if not path.read_text().startswith(('"""', 'r"""'))] == []
