"""What is tried, read from lists of errors and answers."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid4

Road = Literal["graph", "refused", "dns"]
"""To the simulated Meta, to a port where nobody listens, or to a name that does not exist."""
ROADS: tuple[Road, ...] = ("graph", "refused", "dns")

# Enough for every try that is made while it is looked at.
TIMES = 1000
_RANGE = re.compile(r"(\d+)-(\d+)")
# Codes that speak of a template come for templates.
_OF_TEMPLATES = {"template"}
_numbers = itertools.count(700_000_001)


@dataclass(frozen=True, slots=True)
class Case:
    """One answer and what sender should do about it.

    `expected` is an action, `accepted`, `done` (a read receipt), `uncertain` or `retry`; `outcome` and `wait` (seconds)
    are looked at where they are given.
    """

    name: str
    answer: Mapping[str, Any]
    expected: str
    outcome: str = ""
    wait: float | None = None
    road: Road = "graph"
    kind: Literal["text", "template", "read_receipt"] = "text"
    organization_id: UUID = field(default_factory=uuid4)
    message_id: UUID = field(default_factory=uuid4)
    phone_number_id: str = field(default_factory=lambda: str(next(_numbers)))


def error_cases(document: Mapping[str, Any]) -> Iterator[Case]:
    """A case for each listed code; of a range its first and its last."""
    for entry in document["errors"]:
        for code in _codes(entry["code"]):
            error = {"message": f"(#{code}) refused", "type": "OAuthException", "code": code, "fbtrace_id": "T"}
            yield Case(
                name=f"error {code}",
                answer={"http": entry.get("http_seen") or 400, "body": {"error": error}},
                expected=entry["action"],
                outcome=entry.get("outcome", ""),
                wait=entry.get("retry_after_s"),
                kind="template" if entry.get("scope") in _OF_TEMPLATES else "text",
            )


def answer_cases(document: Mapping[str, Any]) -> Iterator[Case]:
    """A case for each listed answer of the Graph API."""
    for entry in document["responses"]:
        fault, expected = entry.get("fault", ""), _expected(entry["expect"])
        answer = {key: entry[key] for key in ("http", "body", "text", "headers") if key in entry}
        if fault in ("read_timeout", "reset"):
            answer["fault"] = fault
        kind: Literal["text", "template", "read_receipt"] = "text"
        if expected == "done":
            kind = "read_receipt"
        elif expected == "pause_template":
            kind = "template"
        road: Road = "refused" if fault == "refused" else "dns" if fault == "dns" else "graph"
        yield Case(entry["name"], answer, expected, road=road, kind=kind)


def _codes(code: int | str) -> list[int]:
    if isinstance(code, int):
        return [code]
    found = _RANGE.fullmatch(code)
    assert found is not None, f"{code!r} is neither a code nor a range"
    return [int(found[1]), int(found[2])]


def _expected(text: str) -> str:
    """The first word says it; what follows explains."""
    word = re.split(r"[ ,;(]", text, maxsplit=1)[0]
    return "done" if word == "ok" else word
