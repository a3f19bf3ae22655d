"""Every answer that is not a success has one form: {"detail", "error_code"}."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from services.chassis import errors
from services.chassis.logs import get_logger
from services.ingress.conversations import TurnTooSlow
from services.pb.common.v1 import errors_pb2

_log = get_logger(__name__)

_STATUSES: tuple[tuple[type[errors.PytakeError], int], ...] = (
    (errors.InvalidArgument, 422),
    (errors.NotFound, 404),
    (errors.AlreadyExists, 409),
    (errors.FailedPrecondition, 409),
    (errors.Unavailable, 503),
)

# The product contract fixes these answers word by word.
_FIXED: Mapping[int, tuple[int, str]] = {
    errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND: (404, "Conversation not found"),
    errors_pb2.ERROR_REASON_CONVERSATION_CLOSED: (409, "Conversation is closed"),
    errors_pb2.ERROR_REASON_WINDOW_EXPIRED: (400, "24-hour window expired; only a template may be sent"),
}

# Where the kind of error says too little.
_BY_REASON: Mapping[int, int] = {errors_pb2.ERROR_REASON_FLOW_CHANGED: 412}

_FIELD = re.compile(r"([a-z][a-z0-9_]*(?:\.[a-z0-9_]+|\[\d+\])*)(?:: | )")
_NO_FIELDS = frozenset({"a", "an", "give", "no", "nothing", "the", "this", "use", "you"})

_HTTP_CODES = {404: "NOT_FOUND"}
_HTTP_SENTENCES = {404: "nothing is served under this path; /docs lists what is"}


_REFUSAL_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"www-authenticate": "Bearer"},
    503: {"retry-after": "1"},
    # The rest of the body is not read.
    408: {"connection": "close"},
    413: {"connection": "close"},
}


FieldError = Mapping[str, str]
"""A field, and what is wrong with it."""


class Refusal(HTTPException):
    """An answer other than success, decided here. FastAPI lets an HTTPException through wherever it is raised."""

    def __init__(self, status: int, detail: str, error_code: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(status, detail)
        self.error_code = error_code
        self.errors = errors


def add_problem_answers(site: FastAPI) -> None:
    """Answer every expected error in the one form; http/guard.py answers the unexpected ones."""
    site.add_exception_handler(Refusal, _refused)
    site.add_exception_handler(errors.PytakeError, _failed)
    site.add_exception_handler(TurnTooSlow, _too_slow)
    site.add_exception_handler(RequestValidationError, _invalid)
    site.add_exception_handler(HTTPException, _http)


def problem(status: int, detail: str, error_code: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An answer in the one form."""
    return JSONResponse({"detail": detail, "error_code": error_code}, status_code=status, headers=headers)


def accident(method: str, error: Exception) -> JSONResponse:
    """The answer to an unexpected error: an id, under which the log has the rest.

    The path may hold a phone number: only the method is named there.
    """
    error_id = uuid.uuid4().hex
    _log.error("request_failed", method=method, error_id=error_id, exc_info=error)
    return problem(500, f"something broke inside; the log has it under {error_id}", "INTERNAL")


def refusal_answer(refusal: Refusal) -> JSONResponse:
    """The answer that a refusal asks for."""
    if refusal.errors:
        return wrong(refusal.detail, refusal.error_code, refusal.errors)
    return problem(refusal.status_code, refusal.detail, refusal.error_code, _REFUSAL_HEADERS.get(refusal.status_code))


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    return refusal_answer(error)


async def _failed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.PytakeError)
    if error.reason in _FIXED:
        status, detail = _FIXED[error.reason]
        return problem(status, detail, error.code)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 0)
    if not status:
        # A peer refused ingress itself: our set-up is wrong, not the request.
        raise error
    status = _BY_REASON.get(error.reason, status)
    if status == 422:
        return wrong(error.sentence, "VALIDATION_ERROR", [told_field(error.sentence)])
    return problem(status, error.sentence, error.code, _REFUSAL_HEADERS.get(status))


def told_field(sentence: str) -> FieldError:
    """What a service behind says is wrong: its sentence begins with the field's name, or is about the whole request."""
    found = _FIELD.match(sentence)
    if found is None or found[1] in _NO_FIELDS:
        return {"field": "request", "message": sentence}
    return {"field": found[1], "message": sentence[found.end() :].strip()}


def wrong(detail: str, error_code: str, found: Sequence[FieldError]) -> JSONResponse:
    """An answer in the one form, with what is wrong with each field."""
    return JSONResponse({"detail": detail, "error_code": error_code, "errors": list(found)}, status_code=422)


async def _too_slow(_: Request, __: Exception) -> JSONResponse:
    sentence = "the message was taken and the flow is still at work; read the conversation in a moment"
    return problem(504, sentence, "TURN_TOO_SLOW")


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """Name field and mend. Values are not repeated: they may be personal."""
    assert isinstance(error, RequestValidationError)
    found = [{"field": _field(one["loc"], one["type"]), "message": _message(one)} for one in error.errors()]
    detail = "; ".join(f"{one['field']}: {one['message']}" for one in found)
    return wrong(detail, "VALIDATION_ERROR", found)


def _field(location: Sequence[int | str], kind: str) -> str:
    if kind == "json_invalid" or len(location) < 2:
        return str(location[0]) if location else "body"
    return ".".join(str(step) for step in location[1:])


def _message(one: Mapping[str, Any]) -> str:
    if one["type"] == "json_invalid":
        return "is no JSON"
    return str(one["msg"]).removeprefix("Value error, ")


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        # FastAPI's own word for a body in which not even characters can be found.
        return wrong("body: is no JSON", "VALIDATION_ERROR", [{"field": "body", "message": "is no JSON"}])
    code = _HTTP_CODES.get(error.status_code, "HTTP_ERROR")
    sentence = _HTTP_SENTENCES.get(error.status_code, str(error.detail))
    return problem(error.status_code, sentence, code, error.headers)
