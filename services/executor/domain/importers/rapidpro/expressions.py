"""Expressions of RapidPro, `@results.age` and `@(upper(contact.name) & "!")`, as placeholders.

Known are paths, texts joined by &, and the functions that have a filter here; a whole value may also be arithmetic.
Everything else stays as it is written, and whoever asked reports it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from services.executor.domain.importers.rapidpro.paths import TOP_LEVELS

Find = Callable[[str], str | None]

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"\\]|\\.|\"\")*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<path>[A-Za-z_]\w*(?:\.\w+)*)|(?P<sign>[-+*/&(),]))"
)
_FILTERS = {
    "upper": "upper", "lower": "lower", "proper": "title", "title": "title", "clean": "trim", "trim": "trim",
}  # fmt: skip
# Functions that change nothing where everything is text.
_SAME = frozenset({"text", "number", "boolean"})
_MOMENTS = {"today": "current_date", "now": "current_time"}
_MOST_CHARACTERS: Final = 1_000
_MOST_LEVELS: Final = 20
# Each costs a look at the thousand characters after it; a text with more of them is no text of an author.
_MOST_UNCLOSED: Final = 20


class _NotKnownError(Exception):
    """The expression uses something that has no counterpart."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A text with placeholders, and the expressions in it that stayed as they are."""

    text: str
    unknown: tuple[str, ...] = ()


def translate(text: str, find: Find) -> Translated:
    """Every expression in a text as a placeholder. `find` gives the native path of a path."""
    if "@" not in text and "<%" not in text:
        return Translated(text)
    pieces: list[str] = []
    unknown = list(_code(text))
    for written, found in _expressions(text):
        if found is None:
            pieces.append(written)
            continue
        placeholder = _placeholder(found, find)
        pieces.append(written if placeholder is None else placeholder)
        if placeholder is None:
            unknown.append(written)
    return Translated("".join(pieces), tuple(dict.fromkeys(unknown)))


def whole(text: str) -> str | None:
    """The expression that makes up the whole text, without its @ and parentheses; None when there is more or less."""
    found = [(written, inner) for written, inner in _expressions(text.strip()) if written]
    return found[0][1] if len(found) == 1 else None


def native_path(expression: str, find: Find) -> str | None:
    """The native path of an expression that is nothing but a path."""
    return find(expression) if _PATH.fullmatch(expression) else None


def arithmetic(expression: str, find: Find) -> str | None:
    """An expression of numbers, texts and paths with + - * / as set_variable writes it; None for any other."""
    if len(expression) > _MOST_CHARACTERS or not any(sign in expression for sign in "+-*/"):
        return None
    try:
        return " ".join([_operand(token, find) for token in _tokens(expression)])
    except _NotKnownError:
        return None


def _code(text: str) -> Iterator[str]:
    """Pieces of Elixir between <% and %>, which Glific runs."""
    begin = text.find("<%")
    while begin >= 0:
        end = text.find("%>", begin)
        if end < 0:
            return
        yield text[begin : end + 2]
        begin = text.find("<%", end)


def _expressions(text: str) -> Iterator[tuple[str, str | None]]:
    """(what is written, the expression in it or None for plain text), in order. `@@` is one @."""
    position, unclosed = 0, 0
    while position < len(text):
        at = text.find("@", position)
        if at < 0:
            yield text[position:], None
            return
        if at > position:
            yield text[position:at], None
        end, inner = _expression_at(text, at) if unclosed < _MOST_UNCLOSED else (at + 1, None)
        unclosed += inner is None and text.startswith("@(", at)
        yield (text[at:end], inner) if inner is not None else ("@", None)
        position = end


def _expression_at(text: str, at: int) -> tuple[int, str | None]:
    """(where it ends, the expression) of what begins with the @ at a place; no expression when it is a plain @."""
    if text.startswith("@@", at):
        return at + 2, None
    if text.startswith("@(", at):
        end = _closing(text, at + 1)
        return (at + 1, None) if end is None else (end + 1, text[at + 2 : end])
    path = _PATH.match(text, at + 1)
    if path is None or path[0].split(".")[0].casefold() not in TOP_LEVELS:
        return at + 1, None
    return path.end(), path[0]


def _closing(text: str, opening: int) -> int | None:
    """Where the parenthesis that opens at a place is closed, texts in quotes left out."""
    level, is_quoted, position = 0, False, opening
    while position < min(len(text), opening + _MOST_CHARACTERS):
        letter = text[position]
        if is_quoted and letter == "\\":
            position += 1
        elif letter == '"':
            is_quoted = not is_quoted
        elif not is_quoted and letter in "()":
            level += 1 if letter == "(" else -1
            if level == 0:
                return position
        position += 1
    return None


def _placeholder(expression: str, find: Find) -> str | None:
    path = _PATH.fullmatch(expression.strip())
    if path is not None and expression.strip().casefold() not in ("true", "false"):
        native = find(expression.strip())
        return None if native is None else f"{{{{{native}}}}}"
    try:
        reader = _Reader(list(_tokens(expression)), find)
        return reader.whole()
    except _NotKnownError:
        return None


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            raise _NotKnownError
        yield token
        position = token.end()


def _operand(token: re.Match[str], find: Find) -> str:
    if token["path"] is not None:
        native = find(token["path"])
        if native is None:
            raise _NotKnownError
        return f"{{{{{native}}}}}"
    if token["text"] is not None:
        words = _unquoted(token["text"])
        if '"' in words:
            raise _NotKnownError
        return f'"{words}"'
    if token["sign"] in ("&", ","):
        raise _NotKnownError
    return token[0].strip()


def _unquoted(text: str) -> str:
    return re.sub(r'\\(.)|""', lambda found: found[1] or '"', text[1:-1])


@dataclass(frozen=True, slots=True)
class _Value:
    """A text, or a path through filters."""

    text: str = ""
    path: str | None = None
    filters: tuple[str, ...] = ()

    def written(self) -> str:
        if self.path is None:
            return self.text
        return f"{{{{{' | '.join([self.path, *self.filters])}}}}}"

    def through(self, name: str) -> "_Value":
        if self.path is None:
            raise _NotKnownError
        return _Value(path=self.path, filters=(*self.filters, name))


class _Reader:
    """Reads texts joined by &, with functions that have a filter."""

    def __init__(self, tokens: list[re.Match[str]], find: Find) -> None:
        self._tokens = tokens
        self._find = find
        self._position = 0

    def whole(self) -> str:
        values = self._joined(0)
        if self._position < len(self._tokens):
            raise _NotKnownError
        return "".join(value.written() for value in values)

    def _joined(self, level: int) -> list[_Value]:
        values = self._term(level)
        while self._takes("&"):
            values += self._term(level)
        return values

    def _term(self, level: int) -> list[_Value]:
        if level > _MOST_LEVELS or self._position >= len(self._tokens):
            raise _NotKnownError
        token = self._tokens[self._position]
        self._position += 1
        if token["text"] is not None:
            return [_Value(_unquoted(token["text"]))]
        if token["number"] is not None:
            return [_Value(token["number"])]
        if token["path"] is not None:
            return self._call(token["path"], level) if self._takes("(") else [self._path(token["path"])]
        if token["sign"] == "(":
            values = self._joined(level + 1)
            self._expect(")")
            return values
        raise _NotKnownError

    def _path(self, path: str) -> _Value:
        native = self._find(path)
        if native is None:
            raise _NotKnownError
        return _Value(path=native)

    def _call(self, name: str, level: int) -> list[_Value]:
        arguments = [] if self._takes(")") else self._arguments(level)
        known = name.casefold()
        if known in _MOMENTS and not arguments:
            return [_Value(path=_MOMENTS[known])]
        if known == "concatenate":
            return [value for argument in arguments for value in argument]
        if known == "default" and len(arguments) == 2:
            return [_one(arguments[0]).through(_default(_one(arguments[1])))]
        if len(arguments) == 1 and known in _SAME:
            return arguments[0]
        if len(arguments) == 1 and known in _FILTERS:
            return [_one(arguments[0]).through(_FILTERS[known])]
        raise _NotKnownError

    def _arguments(self, level: int) -> list[list[_Value]]:
        arguments = [self._joined(level + 1)]
        while self._takes(","):
            arguments.append(self._joined(level + 1))
        self._expect(")")
        return arguments

    def _takes(self, sign: str) -> bool:
        is_next = self._position < len(self._tokens) and self._tokens[self._position]["sign"] == sign
        self._position += is_next
        return is_next

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise _NotKnownError


def _one(values: list[_Value]) -> _Value:
    if len(values) != 1:
        raise _NotKnownError
    return values[0]


def _default(value: _Value) -> str:
    """The filter that says a text where there is none."""
    if value.path is not None or any(sign in value.text for sign in '"{}'):
        raise _NotKnownError
    return f'default:"{value.text}"'
