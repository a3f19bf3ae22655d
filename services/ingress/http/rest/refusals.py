"""The refusals an operation documents: those of all operations, and its own."""

from __future__ import annotations

from typing import Any

from services.ingress.http.described import TOO_LONG, TOO_MANY_HEADERS
from services.ingress.http.examples import refusal_examples, wrong_field_examples
from services.ingress.http.rest.models import Problem, ValidationProblem

_OPEN = {
    408: "The body came too slowly: BODY_TIMEOUT",
    413: "The body is too large: BODY_TOO_LARGE",
    414: TOO_LONG,
    422: "A field is wrong: VALIDATION_ERROR",
    429: "Too many requests: RATE_LIMITED",
    431: TOO_MANY_HEADERS,
    503: "The database or a service behind is out of reach; try again: STORE_UNAVAILABLE or PEER_UNAVAILABLE",
}
_KNOWN = _OPEN | {
    401: "Not authenticated: AUTH_MISSING_TOKEN",
    403: "Insufficient permissions: AUTH_INSUFFICIENT_PERMISSION",
}

Documented = dict[int | str, dict[str, Any]]


def refusals(**sentences: str) -> Documented:
    """Refusals of an operation that demands a token, by status: refusals(on_404="Flow not found: FLOW_NOT_FOUND")."""
    return _documented(_KNOWN, sentences)


def open_refusals(**sentences: str) -> Documented:
    """Refusals of an operation for everybody."""
    return _documented(_OPEN, sentences)


def _documented(always: dict[int, str], sentences: dict[str, str]) -> Documented:
    documented = always | {int(name.removeprefix("on_")): sentence for name, sentence in sentences.items()}
    return {
        status: {
            "model": ValidationProblem if status == 422 else Problem,
            "description": sentence,
            "content": {
                "application/json": {
                    "examples": wrong_field_examples(sentence) if status == 422 else refusal_examples(sentence)
                }
            },
        }
        for status, sentence in sorted(documented.items())
    }
