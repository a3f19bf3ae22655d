"""Flow documents in bodies and answers: large, read once it is known who sends them, and kept exactly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)

_JSON = "application/json"

DOCUMENT_EXAMPLE: Final[dict[str, Any]] = {
    "schema": "pytake.flow/1",
    "name": "Encomendas",
    "nodes": [
        {"id": "start", "type": "start", "data": {}},
        {"id": "bye", "type": "end", "data": {"content": "Até já!"}},
    ],
    "edges": [{"id": "e1", "source": "start", "target": "bye"}],
}


async def read_body(request: Request, model: type[Model]) -> Model:
    """The body as a model, its document with every number as it was written. Raises RequestValidationError."""
    value = await read_json(request)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False, include_input=False)]
        raise RequestValidationError(found) from None


async def read_json(request: Request) -> Any:
    """The body as JSON. Raises RequestValidationError."""
    content = await request.body()
    try:
        return await asyncio.to_thread(json.loads, content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body",), "msg": "is no JSON"}]) from None


def written(document: object) -> bytes:
    """A document as JSON bytes. Half characters pass as escapes: executor names the place of each."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace")


def answer_with(
    model: BaseModel, document: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer of a model whose document is the stored one, byte for byte."""
    rest = model.model_dump_json(exclude={"document"}).encode()
    content = rest[:-1] + b',"document":' + document + b"}"
    return Response(content, status_code=status, media_type=_JSON, headers=dict(headers or {}))


def described(model: type[BaseModel]) -> dict[str, Any]:
    """What the API's description says of a body that is read here."""
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": model.model_json_schema()}}}}


def described_file() -> dict[str, Any]:
    """The same of a body that is a file."""
    schema = {
        "type": "object",
        "description": "An export of PyTake or of another product.",
        "examples": [DOCUMENT_EXAMPLE],
    }
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": schema}}}}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
