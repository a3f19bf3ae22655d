"""A statement of the road: compiled once, its values written in Postgres' binary format.

The text names its parameters with their types, `%(groups)b::uuid[]`; the type chooses the writer, so nothing is guessed
from values. Format: PostgreSQL documentation, "Message Formats" and the send functions of each type.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

Values = Mapping[str, Any]
Write = Callable[[Any], bytes]

_PARAMETER = re.compile(r"%\((\w+)\)[sb]::(\w+)(\[\])?")
_LOOSE = re.compile(r"%(?:\(|s|b)")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NULL = b"\xff\xff\xff\xff"
_pack_int4 = struct.Struct("!i").pack
_pack_int8 = struct.Struct("!q").pack
_pack_float8 = struct.Struct("!d").pack
_pack_array = struct.Struct("!iiIii").pack


def _uuid(value: UUID) -> bytes:
    return value.bytes


def _text(value: str) -> bytes:
    return value.encode()


def _bytea(value: bytes) -> bytes:
    return value


def _bool(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def _timestamptz(value: datetime) -> bytes:
    # Whole microseconds since 2000, exactly: a float of seconds would round.
    passed = value - _EPOCH
    return _pack_int8((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)


# By the name in the text: the type's OID, its writer, and its size where all its values have one.
_TYPES: dict[str, tuple[int, Write, int]] = {
    "bool": (16, _bool, 1),
    "bytea": (17, _bytea, 0),
    "bigint": (20, _pack_int8, 8),
    "int": (23, _pack_int4, 4),
    "text": (25, _text, 0),
    "float8": (701, _pack_float8, 8),
    "timestamptz": (1184, _timestamptz, 8),
    "uuid": (2950, _uuid, 16),
}


class Query:
    """One statement. `name` is that of its prepared form; raises ValueError for a parameter without a known type.

    The name is made from the text: behind a pooler that gives a connection to one process after the other, a name that
    another process prepared is the same statement, whatever else the two have run.
    """

    __slots__ = ("_writers", "name", "sql")

    def __init__(self, text: str) -> None:
        places: dict[str, int] = {}
        self._writers: list[tuple[str, Write]] = []

        def numbered(match: re.Match[str]) -> str:
            key, kind, is_array = match[1], match[2], match[3] is not None
            if kind not in _TYPES:
                raise ValueError(f"parameter {key} has the type {kind}; use one of {', '.join(_TYPES)}")
            if key not in places:
                places[key] = len(places) + 1
                self._writers.append((key, _array_writer(kind) if is_array else _TYPES[kind][1]))
            return f"${places[key]}::{kind}{'[]' if is_array else ''}"

        sql = _PARAMETER.sub(numbered, text)
        if _LOOSE.search(sql):
            raise ValueError("every parameter is written %(name)b::type")
        self.sql = sql.encode()
        self.name = b"pytake_" + hashlib.blake2b(self.sql, digest_size=12).hexdigest().encode()

    def written(self, values: Values) -> list[bytes | None]:
        """The values in the order of the prepared statement; None is NULL. Raises KeyError for a missing one.

        A text with a lone surrogate is a UnicodeEncodeError, as ever; one with a NUL is refused by Postgres.
        """
        written: list[bytes | None] = []
        for key, write in self._writers:
            value = values[key]
            written.append(None if value is None else write(value))
        return written


def _array_writer(kind: str) -> Write:
    oid, write, size = _TYPES[kind]
    if size:
        prefix = _pack_int4(size)

        def write_fixed(values: Sequence[Any]) -> bytes:
            if not values:
                return _pack_int4(0) + _pack_int4(0) + struct.pack("!I", oid)
            if None in values:
                body = b"".join([_NULL if value is None else prefix + write(value) for value in values])
                return _pack_array(1, 1, oid, len(values), 1) + body
            return _pack_array(1, 0, oid, len(values), 1) + prefix + prefix.join([write(value) for value in values])

        return write_fixed

    def write_varying(values: Sequence[Any]) -> bytes:
        if not values:
            return _pack_int4(0) + _pack_int4(0) + struct.pack("!I", oid)
        parts = [_pack_array(1, 1 if None in values else 0, oid, len(values), 1)]
        for value in values:
            if value is None:
                parts.append(_NULL)
                continue
            data = write(value)
            parts.append(_pack_int4(len(data)))
            parts.append(data)
        return b"".join(parts)

    return write_varying
