"""The OpenAPI document, completed in one way for every operation: names, what is open, keys, headers, examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.ingress.domain.idempotency import MOST_KEY, takes_keys
from services.ingress.http.examples import example_of, refusal_examples, wrong_field_examples

Element = dict[str, Any]

SERVERS: Final = [{"url": "/", "description": "The house this document comes from"}]
METHODS: Final = ("get", "post", "put", "patch", "delete")
JSON: Final = "application/json"

_VARIABLE = re.compile(r"\{([^}]+)\}")
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_IN_USE = "A request with this key is being worked on: IDEMPOTENCY_KEY_IN_USE"
_REUSED = "This Idempotency-Key was used with another request: IDEMPOTENCY_KEY_REUSED"
_KEY: Final[Mapping[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Yours, for this one request: for 24 hours a repeat gets the first one's answer.",
    # No example: tools that send it as it is would send one key with several requests.
    "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY, "pattern": "^[ -~]+$"},
}
_COUNT: Final = {"type": "integer", "minimum": 0}
_HEADERS: Final[Mapping[str, Element]] = {
    "RateLimit-Limit": {"description": "How many requests may be made at once.", "schema": _COUNT, "example": 300},
    "RateLimit-Remaining": {"description": "How many of them are left.", "schema": _COUNT, "example": 299},
    "RateLimit-Reset": {"description": "Seconds until all are back.", "schema": _COUNT, "example": 1},
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": _COUNT, "example": 1},
    "WWW-Authenticate": {
        "description": "How to prove who asks.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
        "example": "Bearer",
    },
    "Idempotency-Replayed": {
        "description": "true: the answer that an earlier request with this Idempotency-Key got.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "ETag": {
        "description": "Names the document; for If-None-Match, and that of a draft for If-Match.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{64}"$'},
        "example": '"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    },
    "Location": {
        "description": "Where it is read.",
        "required": True,
        "schema": {"type": "string", "pattern": "^/api/v1/"},
        "example": "/api/v1/contacts/3f0c1f5e-5a0b-5d8e-9a54-2f7b1a1c0d11",
    },
}


# What files look like inside, for those that have no example of their own.
_FILES: Final[Mapping[str, str]] = {
    "text/csv": "occurred_at,phone_number,text\r\n2026-03-04T13:18:31.250000Z,5511987654321,Quero um bolo\r\n",
    "application/x-ndjson": '{"occurred_at":"2026-03-04T13:18:31.250000Z","text":"Quero um bolo"}\n',
}


def complete(document: Element) -> None:
    """Add to a document what FastAPI does not write by itself."""
    document["components"]["headers"] = dict(_HEADERS)
    paths = document["paths"]
    for path, method, operation in operations(document):
        operation["operationId"] = operation_id(method, path)
        operation.setdefault("security", [])
        if takes_keys(method.upper(), path):
            _describe_key(operation)
        _add_headers(operation, is_readable=any(_is_item_of(path, other) and "get" in paths[other] for other in paths))
        _add_examples(operation, document["components"]["schemas"])


def operations(document: Element) -> Iterator[tuple[str, str, Element]]:
    """Path, method and operation, in the document's order."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def operation_id(method: str, path: str) -> str:
    """The name of an operation for generated clients; it stays while its method and path do.

    GET /api/v1/flows/{flow_id}/diff is get_flows_by_flow_id_diff.
    """
    words = _VARIABLE.sub(r"by_\1", path.removeprefix("/api/v1")).strip("/")
    return "_".join([method, *re.split(r"[/.-]", words)])


def _is_item_of(path: str, other: str) -> bool:
    collection = path.rstrip("/") + "/"
    return other.startswith(collection) and _VARIABLE.fullmatch(other.removeprefix(collection)) is not None


def _describe_key(operation: Element) -> None:
    operation["parameters"] = [*operation.get("parameters", ()), _KEY]
    responses = operation["responses"]
    conflict = responses.setdefault("409", {"description": "", "content": {JSON: {"schema": _PROBLEM}}})
    _tell_more(conflict, _IN_USE, refusal_examples(_IN_USE))
    _tell_more(responses["422"], _REUSED, wrong_field_examples(_REUSED))


def _tell_more(response: Element, sentence: str, examples: Element) -> None:
    response["description"] = "; ".join(filter(None, [response["description"], sentence]))
    content = response["content"][JSON]
    content["examples"] = {**content.get("examples", {}), **examples}


def _add_headers(operation: Element, *, is_readable: bool) -> None:
    keyed = _KEY in operation.get("parameters", ())
    tagged = any(one["name"] == "if-none-match" for one in operation.get("parameters", ()))
    for status, response in operation["responses"].items():
        names = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"] if operation["security"] else []
        if status == "401":
            names.append("WWW-Authenticate")
        if status in ("429", "503") or (keyed and status == "409"):
            names.append("Retry-After")
        if keyed and status[0] == "2":
            names.append("Idempotency-Replayed")
        if tagged and status in ("200", "304"):
            names.append("ETag")
        if status == "201" and is_readable:
            names.append("Location")
        if names:
            told = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
            response["headers"] = {**response.get("headers", {}), **told}


def _add_examples(operation: Element, schemas: Mapping[str, Any]) -> None:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for kind, content in (each for body in bodies for each in body.get("content", {}).items()):
        if "example" in content or "examples" in content:
            continue
        if kind == JSON:
            content["example"] = example_of(content["schema"], schemas)
        elif kind in _FILES:
            content["example"] = _FILES[kind]
