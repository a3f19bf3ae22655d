"""Errors in words that hold no one's data: what a log says of an exception.

An error's text often quotes the value that was wrong, which may be what a person wrote. The traceback names the place
in the code, so quoted values can be left out.
"""

from __future__ import annotations

import re
import traceback

_MOST_CHARACTERS = 600
# From the first quotation mark to the last: a value may itself hold quotation marks.
_QUOTED = re.compile(r"""(?<!\w)(["'`]).*\1""", re.DOTALL)
# What Postgres adds to an error, to its end: keys, rows and parameters with their values.
_ASIDES = re.compile(r"(?:^|\n|\\n)\s*(?:DETAIL|CONTEXT|STATEMENT|QUERY|LINE \d+):.*\Z", re.DOTALL)
# Their texts speak of code and of addresses, never of a message's values.
_OF_CODE: tuple[type[BaseException], ...] = (
    AttributeError,
    ImportError,
    NameError,
    NotImplementedError,
    OSError,
    AssertionError,
)
# Classes of SQLSTATE whose messages name things (tables, constraints, servers), never values. A syntax error (42601)
# quotes what stands in the statement.
_NAMING = ("08", "23", "40", "42", "53", "55", "57", "58")
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def told(error: BaseException) -> str:
    """The error's type and what may be said of its text, in one line."""
    text = without_asides(_text_of(error)).replace("\n", " ")[:_MOST_CHARACTERS]
    name = _name_of(error)
    return f"{name}: {text}" if text else name


def without_asides(text: str) -> str:
    """A text up to where Postgres begins to quote rows and statements."""
    return _ASIDES.sub("", text)


def trace_of(error: BaseException) -> str:
    """The traceback with the errors that led to this one, each told as `told` does."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append(f"{''.join(traceback.format_tb(current.__traceback__))}{told(current)}\n{_members(current)}")
        if current.__cause__ is not None:
            parts.append(_CAUSE)
            current = current.__cause__
        else:
            current = None if current.__suppress_context__ else current.__context__
            parts += [_CONTEXT] if current is not None and id(current) not in seen else []
    return "".join(reversed(parts))


def _members(error: BaseException) -> str:
    if not isinstance(error, BaseExceptionGroup):
        return ""
    return "".join(f"\nOne of them:\n{trace_of(member)}" for member in error.exceptions)


def _name_of(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _text_of(error: BaseException) -> str:
    diagnosis = getattr(error, "diag", None)
    if getattr(diagnosis, "sqlstate", None):
        return _of_postgres(diagnosis)
    code, details = getattr(error, "code", None), getattr(error, "details", None)
    if callable(code) and callable(details):
        return f"{code()}: {details()}"  # gRPC; its details are sentences made for callers
    if type(error).__module__.startswith("services.") or isinstance(error, _OF_CODE) or _is_about_connecting(error):
        return str(error)
    return _QUOTED.sub("'***'", str(error))


def _is_about_connecting(error: BaseException) -> bool:
    return type(error).__name__ in ("OperationalError", "PoolTimeout", "TimeoutError")


def _of_postgres(diagnosis: object) -> str:
    """State, what may be said of the message, and place."""
    state = str(getattr(diagnosis, "sqlstate", ""))
    is_naming = state.startswith(_NAMING) and state != "42601"
    parts = ("message_primary", "table_name", "constraint_name") if is_naming else ("table_name", "constraint_name")
    return " ".join([state, *(str(found) for part in parts if (found := getattr(diagnosis, part, None)))])
