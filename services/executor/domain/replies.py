"""What a call outside came to: an answer read and judged, or a sentence on why there is none."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Final, Literal

from services.executor.domain.commands import EffectKind
from services.executor.domain.events import EffectDone
from services.executor.domain.json_value import Json, object_at, objects_at, storable, text_at

# What a flow gets of an answer, in bytes of JSON; a conversation's variables together are no larger.
MOST_BODY: Final = 64 * 1024
_DEEPEST: Final = 32
_MOST_ERROR: Final = 300
_BUSY: Final = 429
_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL | re.IGNORECASE)


class _NotJson(ValueError):
    """It is no JSON that a variable can hold; the text says why."""


def may_be_repeated(status: int) -> bool:
    """Whether an answer says that another try may do better."""
    return status == _BUSY or status >= 500


def seconds_to_wait(retry_after: str, now: datetime) -> float:
    """What a Retry-After header says, in seconds; 0 when it says nothing that can be read (RFC 9110, 10.2.3)."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)


def failed(effect_id: str, sentence: str, *, outcome: Literal["failed", "timeout"] = "failed") -> EffectDone:
    """A call without an answer."""
    return EffectDone(effect_id, outcome, error=sentence)


def judged(
    effect_id: str, kind: EffectKind, request: Mapping[str, Json], *, status: int, media_type: str, content: bytes
) -> EffectDone:
    """An answer: good ones are 2xx and 3xx, and of a model those that hold what was asked for."""
    try:
        body = _read(content, media_type)
    except _NotJson as error:
        return EffectDone(effect_id, "failed", status, error=str(error))
    if not 200 <= status < 400:
        return EffectDone(effect_id, "failed", status, body, _refusal(status, body))
    if kind == "ai":
        return _of_model(effect_id, status, body, is_json=request.get("json_output") is True)
    return EffectDone(effect_id, "ok", status, body)


def _of_model(effect_id: str, status: int, body: Json, *, is_json: bool) -> EffectDone:
    answer = body if isinstance(body, dict) else {}
    choice = next(iter(objects_at(answer, "choices")), {})
    message = object_at(choice, "message")
    content, refusal = text_at(message, "content"), text_at(message, "refusal")
    if refusal or text_at(choice, "finish_reason") == "content_filter":
        return EffectDone(effect_id, "failed", status, error=f"The model refused to answer. {refusal}"[:_MOST_ERROR])
    if not content.strip():
        return EffectDone(effect_id, "failed", status, error="The model's answer has no text.")
    found: dict[str, Json] = {"content": content, "usage": object_at(answer, "usage")}
    if is_json:
        fenced = _FENCED.fullmatch(content)
        try:
            found["json"] = _parsed(fenced[1] if fenced else content)
        except _NotJson:
            return EffectDone(effect_id, "failed", status, content, "The model was asked for JSON and gave none.")
    return EffectDone(effect_id, "ok", status, found)


def _refusal(status: int, body: Json) -> str:
    """A sentence with what an API tells of its error in the forms most of them use."""
    told = body if isinstance(body, dict) else {}
    error = told.get("error")
    words = text_at(error, "message") if isinstance(error, dict) else text_at(told, "message") or text_at(told, "error")
    return f"The answer was {status}{': ' + words if words else ''}"[:_MOST_ERROR]


def _read(content: bytes, media_type: str) -> Json:
    """An answer as JSON, or as text when it is none; a text is cut where it grows too long. Raises _NotJson."""
    text = content.decode(errors="replace")
    if "json" in media_type.lower() or text.lstrip()[:1] in ("{", "["):
        try:
            value = _parsed(text)
        except _NotJson as error:
            if error.args[0]:
                raise
        else:
            if len(json.dumps(value, ensure_ascii=False).encode()) > MOST_BODY:
                raise _NotJson(f"The answer is larger than {MOST_BODY // 1024} KiB: ask for less.")
            return value
    return _cut(storable(text))


def _parsed(text: str) -> Json:
    """JSON as variables can hold it. Raises _NotJson, with a sentence when it is JSON all the same."""
    try:
        value: Json = json.loads(text, parse_int=_whole, parse_constant=_no_number)
    except RecursionError:
        raise _NotJson(f"The answer is nested deeper than {_DEEPEST} levels.") from None
    except ValueError:
        raise _NotJson("") from None
    return _storable(value, _DEEPEST)


def _storable(value: Json, levels: int) -> Json:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list | dict):
        if not levels:
            raise _NotJson(f"The answer is nested deeper than {_DEEPEST} levels.")
        if isinstance(value, list):
            return [_storable(item, levels - 1) for item in value]
        return {storable(key): _storable(item, levels - 1) for key, item in value.items()}
    return value


def _whole(digits: str) -> int | float:
    """Whole numbers as far as a database column holds them exactly."""
    value = int(digits) if len(digits) < 20 else 2**64
    return value if -(2**63) <= value < 2**63 else float(digits)


def _no_number(name: str) -> float:
    raise ValueError(name)


def _cut(text: str) -> str:
    """A text that is at most MOST_BODY bytes as a JSON text."""
    while len(json.dumps(text, ensure_ascii=False).encode()) > MOST_BODY:
        text = text[: len(text) * 9 // 10] if len(text) <= MOST_BODY else text[:MOST_BODY]
    return text
