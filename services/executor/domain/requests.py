"""Calls outside: from a flow's request, in JSON, to what is sent over HTTP. Secrets are in it already."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from services.executor.domain.commands import EffectKind
from services.executor.domain.json_value import Json, object_at, text_at, text_of

LONGEST_SECONDS: Final = 60.0
MOST_RETRIES: Final = 5
LONGEST_PAUSE: Final = 60.0
_HTTP_SECONDS: Final = 10.0
_AI_SECONDS: Final = 30.0
_HTTP_RETRIES: Final = 2
_AI_RETRIES: Final = 1
_PAUSE: Final = 1.0
_JSON: Final = "application/json"


class RequestRefused(ValueError):
    """The request can never be sent as it is; the text is a sentence for the author."""


@dataclass(frozen=True, slots=True)
class EffectRequest:
    """What a flow asked for. `request` is JSON with marks for secrets; after `seconds` nobody waits for the result."""

    effect_id: str
    kind: EffectKind
    request: Mapping[str, Json]
    seconds: float


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request and its patience: seconds a try may take, tries after the first, seconds between tries."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    retries: int
    pause: float


def http_request(request: Mapping[str, Json]) -> HttpRequest:
    """Read the request of an http node. Raises RequestRefused."""
    headers = {name: text_of(value) for name, value in object_at(request, "headers").items()}
    body, media_type = _body(request.get("body"))
    _set_default(headers, "Accept", f"{_JSON}, */*;q=0.5")
    if media_type:
        _set_default(headers, "Content-Type", media_type)
    return HttpRequest(
        method=(text_at(request, "method") or "GET").upper(),
        url=_with_query(text_at(request, "url"), object_at(request, "query")),
        headers=headers,
        body=body,
        seconds=_number(request, "timeout_seconds", _HTTP_SECONDS, least=0.1, most=LONGEST_SECONDS),
        retries=int(_number(request, "max_retries", _HTTP_RETRIES, least=0, most=MOST_RETRIES)),
        pause=_number(request, "retry_delay_seconds", _PAUSE, least=0, most=LONGEST_PAUSE),
    )


def ai_request(request: Mapping[str, Json], key: str) -> HttpRequest:
    """Read the request of an ai node: a chat completion in the form most providers take. Raises RequestRefused."""
    base, model = text_at(request, "base_url").strip(), text_at(request, "model").strip()
    if not base or not model:
        raise RequestRefused("The node names no baseUrl or no model: fill both in.")
    asked: dict[str, Json] = {"model": model, "messages": request.get("messages") or []}
    for name in ("temperature", "max_tokens"):
        if request.get(name) is not None:
            asked[name] = request[name]
    if request.get("json_output") is True:
        asked["response_format"] = {"type": "json_object"}
    return HttpRequest(
        method="POST",
        url=f"{base.rstrip('/')}/chat/completions",
        headers={
            "Accept": _JSON,
            "Content-Type": _JSON,
            **({"Authorization": f"Bearer {key}"} if key else {}),
        },
        body=_dumped(asked),
        seconds=_number(request, "timeout_seconds", _AI_SECONDS, least=0.1, most=LONGEST_SECONDS),
        retries=int(_number(request, "max_retries", _AI_RETRIES, least=0, most=MOST_RETRIES)),
        pause=_number(request, "retry_delay_seconds", _PAUSE, least=0, most=LONGEST_PAUSE),
    )


def _with_query(url: str, query: Mapping[str, Json]) -> str:
    """The URL with more parameters at the end of its query; of a list each entry is one of its own."""
    if not query:
        return url
    pairs = [
        (name, text_of(each))
        for name, value in query.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    try:
        parts = urlsplit(url)
    except ValueError:
        raise RequestRefused("The address is no URL: write it with https:// and the host.") from None
    encoded = urlencode(pairs, quote_via=quote)
    return urlunsplit(parts._replace(query=f"{parts.query}&{encoded}" if parts.query else encoded, fragment=""))


def _body(value: Json) -> tuple[bytes, str]:
    if value is None or value == "":
        return b"", ""
    if isinstance(value, str):
        return value.encode(errors="replace"), _JSON if _is_json(value) else "text/plain; charset=utf-8"
    return _dumped(value), _JSON


def _is_json(text: str) -> bool:
    """Whether a text says of itself that it is a JSON object or list."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _dumped(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _set_default(headers: dict[str, str], name: str, value: str) -> None:
    if name.lower() not in {own.lower() for own in headers}:
        headers[name] = value


def _number(request: Mapping[str, Json], name: str, default: float, *, least: float, most: float) -> float:
    value = request.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return min(max(float(value), least), most)
