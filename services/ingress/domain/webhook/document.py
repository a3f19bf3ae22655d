"""From the raw bytes of a POST to a JSON document that Postgres, protobuf and orjson can all hold."""

import json
import re

import orjson

from .values import Json

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
_NUL_ESCAPE = b"\\u0000"
_LARGEST_INTEGER = 2**64 - 1
_SMALLEST_INTEGER = -(2**63)
_MOST_INTEGER_DIGITS = 20


class MalformedBody(ValueError):
    """The body is not JSON; the message is one sentence that says why."""


def load_document(body: bytes) -> Json:
    """Read a JSON body in UTF-8, with U+FFFD in place of what no store can hold.

    orjson reads nearly everything, but rejects the whole POST over one lone surrogate escape in one text,
    and Meta would send that text's neighbours again for seven days. So what orjson refuses the standard
    library tries. A number too large for a double reads as null.

    Raises MalformedBody: not UTF-8 (UTF-16 included), not JSON (a byte order mark and NaN included), or
    nested deeper than the libraries read (about a thousand levels).
    """
    try:
        document: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _cleaned(_load_leniently(body))
    return _cleaned(document) if _NUL_ESCAPE in body else document


def _load_leniently(body: bytes) -> Json:
    try:
        document: Json = json.loads(
            body.decode("utf-8"), parse_int=_integer, parse_float=_float, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise MalformedBody("The body is nested too deeply.") from None
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None
    except ValueError:
        raise MalformedBody("The body is not JSON.") from None
    return document


def _integer(digits: str) -> int | float | None:
    """Read an integer as orjson does: exactly up to 64 bits, as a double beyond."""
    if len(digits) <= _MOST_INTEGER_DIGITS:
        value = int(digits)
        if _SMALLEST_INTEGER <= value <= _LARGEST_INTEGER:
            return value
    return _float(digits)


def _float(digits: str) -> float | None:
    value = float(digits)
    return value if abs(value) != float("inf") else None


def _refuse_constant(name: str) -> Json:
    raise ValueError(name)


def _cleaned(document: Json) -> Json:
    """Replace U+0000 and lone surrogates in every key and text, in place and without recursion."""
    if isinstance(document, str):
        return _storable(document)
    pending: list[Json] = [document]
    while pending:
        container = pending.pop()
        if isinstance(container, list):
            container[:] = [_cleaned_leaf(value) for value in container]
            pending.extend(container)
        elif isinstance(container, dict):
            pairs = [(_storable(key), _cleaned_leaf(value)) for key, value in container.items()]
            container.clear()
            container.update(pairs)
            pending.extend(container.values())
    return document


def _cleaned_leaf(value: Json) -> Json:
    return _storable(value) if isinstance(value, str) else value


def _storable(words: str) -> str:
    return _UNSTORABLE.sub(_REPLACEMENT, words)


def pruned(value: Json, levels: int) -> Json:
    """Copy a value with everything below so many levels read as null."""
    if isinstance(value, dict):
        return {key: pruned(item, levels - 1) for key, item in value.items()} if levels else None
    if isinstance(value, list):
        return [pruned(item, levels - 1) for item in value] if levels else None
    return value
