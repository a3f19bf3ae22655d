"""Code logs an event and fields from a closed list: none of them can hold a person, a text or a secret (style 39)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import ROOT, files

METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z]+(_[a-z]+)+|started|stopped|failed|resealed")

KEYS = {
    "attempts": "tries so far",
    "box": "a lane box's name, such as executor.inbox",
    "code": "an error code of Meta's",
    "entry_id": "the id of a conversation's entry in a queue",
    "error": "an exception, or its type's name: never its text as a string",
    "error_id": "the id a caller was told",
    "event_id": "an event's key; ids of Meta and numbers in it become names",
    "events": "a count",
    "exc_info": "an exception",
    "failures": "a count",
    "file": "the path of a key or a certificate",
    "further": "a count",
    "host": "an address this process listens on",
    "items": "a count",
    "job_id": "the id of an erasure, an export or a retention run",
    "key_id": "the id of a signing key",
    "key_ids": "ids of signing keys",
    "kind": "erasure, export or retention",
    "lanes": "a count",
    "method": "a gRPC or HTTP method's name",
    "moved": "a count",
    "name": "a periodic part's name",
    "numbers": "a count",
    "organization_id": "an organization's id",
    "outcomes": "a count",
    "parts": "a count",
    "port": "a port",
    "principal": "a caller's kind: a room, operator, team",
    "queue_id": "the id of a queue",
    "reason": "a reason of errors.proto",
    "room": "the name of a room",
    "rows": "a count",
    "scope": "what is paused: credentials, number, waba, template",
    "subject": "who a caller is by its token: svc:router, user:<id>, api_key:<id>",
    "target": "a peer's gRPC target",
    "text": "what a library said; redacted and no more than a warning",
    "unopened": "a count",
}
"""Key → what it may hold. A new one needs a sentence, and no sentence lets a person's words in."""


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a logger in the services."""
    for path in files(".py"):
        if not path.is_relative_to(ROOT / "services") or "pb" in path.relative_to(ROOT).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
                owner = ast.unparse(node.func.value)
                if owner in ("_log", "log") or owner.startswith("get_logger("):
                    yield path, node


CALLS = [pytest.param(path, node, id=f"{path.stem}:{node.lineno}") for path, node in calls()]


def test_calls_are_found() -> None:
    assert len(CALLS) >= 20


@pytest.mark.parametrize(("path", "call"), CALLS)
def test_a_line_is_an_event_with_known_fields(path: Path, call: ast.Call) -> None:
    (event,) = call.args
    assert isinstance(event, ast.Constant), f"{path}:{call.lineno}: the event is no constant"
    assert EVENT.fullmatch(str(event.value)), f"{path}:{call.lineno}: {event.value!r} is no event's name"
    keys = {keyword.arg for keyword in call.keywords}
    assert keys <= set(KEYS), f"{path}:{call.lineno}: say in KEYS what {sorted(map(str, keys - set(KEYS)))} hold"


def test_nothing_is_printed_beside_the_logs() -> None:
    """A wrong setting's sentence and the migration's progress are all that rooms write themselves."""
    printing = {
        path.relative_to(ROOT).as_posix()
        for path in files(".py")
        if path.is_relative_to(ROOT / "services")
        and not path.is_relative_to(ROOT / "services" / "cli")
        and not path.is_relative_to(ROOT / "services" / "embedded")
        and re.search(r"\bprint\(|sys\.std(out|err)\.write|logging\.getLogger", path.read_text())
    }

    assert printing == {"services/chassis/lifecycle.py", "services/chassis/migrate.py"}
