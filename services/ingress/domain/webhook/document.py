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

# Meta's own webhooks have up to 13 levels, and a thousand events some ten thousand objects and arrays.
MOST_LEVELS = 32
MOST_CONTAINERS = 250_000
_TOO_DEEP = b"[" * (MOST_LEVELS + 1)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NEITHER_BRACKET_NOR_QUOTE = bytes(sign for sign in range(256) if sign not in b'"[]{}')


class MalformedBody(ValueError):
    """The body is not JSON; the message is one sentence that says why."""


def load_document(body: bytes) -> Json:
    """Read a JSON body in UTF-8, with U+FFFD in place of what no store can hold.

    orjson reads nearly everything, but rejects the whole POST over one lone surrogate escape in one text,
    and Meta would send that text's neighbours again for seven days. So what orjson refuses the standard
    library tries. A number too large for a double reads as null.

    Raises MalformedBody: not UTF-8 (UTF-16 included), not JSON (a byte order mark and NaN included), or of a
    shape that costs much to build, which is looked at before anything is built.
    """
    refuse_costly_shape(body)
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


def refuse_costly_shape(body: bytes) -> None:
    """Raise MalformedBody for JSON of more than MOST_LEVELS or MOST_CONTAINERS; of no JSON it may say anything.

    Most bodies have no more brackets in all than there may be levels. Of the others only the brackets outside texts
    are kept, and level after level the innermost pairs are taken away: at the speed of bytes.replace.
    """
    if body.count(b"[") + body.count(b"{") <= MOST_LEVELS:
        return
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = body.translate(_BRACKETS, _NEITHER_BRACKET_NOR_QUOTE).replace(b'""', b"")
    if b'"' in brackets:  # a text with brackets in it
        brackets = b"".join(brackets.split(b'"')[::2])
    if len(brackets) > 2 * MOST_CONTAINERS:
        raise MalformedBody(f"The body holds more than {MOST_CONTAINERS:,} objects and arrays.")
    for _ in range(MOST_LEVELS):
        if _TOO_DEEP in brackets:
            break
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return
    raise MalformedBody(f"The body is nested deeper than {MOST_LEVELS} levels.")
