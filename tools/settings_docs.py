"""Write .env.example and docs/settings.md from the settings of the rooms and of `pytake`.

With --check only say whether they are fresh.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("ingress", "router", "executor", "sender", "analytics")
COMMAND_LINE = "cli"
"""What `pytake` itself reads, beside the rooms."""
SAMPLE = ROOT / ".env.example"
PAGE = ROOT / "docs" / "settings.md"

# What compose.yaml itself says, besides the targets; everything else it takes from the file made of .env.example.
SAID_BY_COMPOSE = frozenset(
    {
        "DATABASE_URL",
        "REDIS_URL",
        "GRPC_ADDRESS",
        "OPS_ADDRESS",
        "HTTP_ADDRESS",
        "SERVICE_KEY_FILE",
        "SERVICE_JWKS_FILE",
        "SENDER_REPLICAS",
    }
)
KINDS = {"str": "text", "Secret": "secret text", "int": "whole number", "float": "number", "bool": "true or false"}
COMPOSE_ONLY = {
    "POSTGRES_PASSWORD": "password of the database's superuser; letters and digits only, since it stands in a URL",
    **{
        f"SVC_{room.upper()}_PASSWORD": f"password of the login role svc_{room}; letters and digits only"
        for room in ROOMS
    },
}
COMPOSE_MAY = {
    f"SVC_{room.upper()}_RO_PASSWORD": f"password of svc_{room}_ro, for people who look (docs/operators.md); "
    "empty: nobody logs in as it"
    for room in ROOMS
}


@dataclasses.dataclass(frozen=True, slots=True)
class Variable:
    """A variable as one reader (a room, the command line) or several have it; without default it must be given."""

    name: str
    help: str
    kind: str
    default: str | None
    rooms: tuple[str, ...]


def settings_class(room: str) -> type:
    """Return the Settings of a room or the command line."""
    found: type = importlib.import_module(f"services.{room}.settings").Settings
    return found


def variables_of(room: str) -> Iterator[Variable]:
    """Yield what a room or the command line reads, in the order of its fields."""
    cls = settings_class(room)
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        default = None if field.default is dataclasses.MISSING else _text(field.default)
        kind = hints[field.name].__name__
        yield Variable(field.metadata["variable"], field.metadata["help"], kind, default, (room,))


def all_variables() -> Sequence[Variable]:
    """Every variable once for each meaning: readers that say the same of it stand together."""
    merged: dict[tuple[str, str, str | None], Variable] = {}
    for room in (*ROOMS, COMMAND_LINE):
        for variable in variables_of(room):
            key = (variable.name, variable.help, variable.default)
            known = merged.get(key)
            merged[key] = dataclasses.replace(variable, rooms=(*known.rooms, room) if known else (room,))
    return sorted(merged.values(), key=lambda variable: (-len(_services(variable)), variable.name, variable.rooms))


def sample(variables: Sequence[Variable]) -> str:
    """The text of .env.example: first what has no default, then what has one, commented out."""
    read = [v for v in variables if _services(v)]
    shared = [v for v in read if v.name not in SAID_BY_COMPOSE and not v.name.endswith("_TARGET")]
    lines = [
        "# Written by tools/settings_docs.py. `pytake up` needs none of these: it makes its own secrets.",
        "# docs/settings.md names every setting with the services that read it.",
        "",
        "# Must be given to compose.yaml",
    ]
    lines += _entries({**COMPOSE_ONLY, **{v.name: v.help for v in shared if v.default is None}}, {})
    lines += ["", "# May be given; shown are the defaults"]
    optional = {v.name: v for v in shared if v.default is not None}
    lines += _entries({name: v.help for name, v in optional.items()}, {n: str(v.default) for n, v in optional.items()})
    lines += _entries(COMPOSE_MAY, dict.fromkeys(COMPOSE_MAY, ""))
    return "\n".join(lines) + "\n"


def page(variables: Sequence[Variable]) -> str:
    """The text of docs/settings.md."""
    head = """# Settings

Written by `tools/settings_docs.py` from the `Settings` of every service; a test fails when it is not fresh. Settings
are environment variables, read once when a process starts. An empty value counts as unset. A value that cannot be used
ends the process with one sentence and exit status 2. `pytake` is the command line of who runs the house
([operators.md](operators.md#commands-and-deployments)).

| variable | services | kind | default | what it is |
|---|---|---|---|---|
"""
    return head + "".join(_row(variable) for variable in variables)


def _row(variable: Variable) -> str:
    rooms = ", ".join(_readers(variable))
    default = "**required**" if variable.default is None else f"`{variable.default}`" if variable.default else "none"
    help_text = variable.help.replace("<", "&lt;").replace("|", "\\|")
    return f"| `{variable.name}` | {rooms} | {KINDS[variable.kind]} | {default} | {help_text} |\n"


def _readers(variable: Variable) -> Iterator[str]:
    services = _services(variable)
    yield from ["all"] if len(services) == len(ROOMS) else services
    if COMMAND_LINE in variable.rooms:
        yield "`pytake`"


def _services(variable: Variable) -> Sequence[str]:
    return [room for room in variable.rooms if room != COMMAND_LINE]


def _entries(helps: Mapping[str, str], defaults: Mapping[str, str]) -> Iterable[str]:
    for name, help_text in helps.items():
        yield f"# {help_text}"
        yield f"#{name}={defaults[name]}" if name in defaults else f"{name}="


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def main() -> int:
    """Write both files, or with --check name those that are not fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is not fresh")
    is_check = parser.parse_args().check
    variables = all_variables()
    stale = [path for path, text in _written(variables).items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if is_check:
            print(f"{path.relative_to(ROOT)} is not fresh; run tools/settings_docs.py", file=sys.stderr)
        else:
            path.write_text(_written(variables)[path])
    return 1 if is_check and stale else 0


def _written(variables: Sequence[Variable]) -> Mapping[Path, str]:
    return {SAMPLE: sample(variables), PAGE: page(variables)}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
