"""From template text to a tree of literals, placeholders and loops."""

import re
from dataclasses import dataclass
from typing import Final

from services.executor.domain.templates.filters import FILTERS, Filter

MAX_PARTS: Final = 1_000
MAX_LOOP_DEPTH: Final = 3
MAX_TAG: Final = 500

_TAG = re.compile(r"\{\{([^{}]*)\}\}")
_EACH = re.compile(r"#each\s+(\S+)")
_FILTER = re.compile(r'([a-z_]+)(?:\s*:\s*(?:"([^"]*)"|([^"]*)))?')
_PIPE = re.compile(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)')


class TemplateError(ValueError):
    """A text that is no template; the message is a sentence for the author."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands as written."""

    text: str


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value by path, through filters; `source` is how the author wrote it."""

    path: str
    filters: tuple[Filter, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Loop:
    """A body repeated for each item of the list at `path`."""

    path: str
    body: tuple["Part", ...]


Part = Literal | Placeholder | Loop


def parse_template(text: str) -> tuple[Part, ...]:
    """Parse a template, or raise TemplateError."""
    stack: list[tuple[str, list[Part]]] = [("", [])]
    position = 0
    for count, tag in enumerate(_TAG.finditer(text)):
        # A placeholder and the text before it are two parts.
        if count >= MAX_PARTS // 2:
            raise TemplateError(f"The text has more than {MAX_PARTS // 2} placeholders.")
        _literal(stack[-1][1], text[position : tag.start()])
        _take(stack, tag[1].strip(), tag[0])
        position = tag.end()
    _literal(stack[-1][1], text[position:])
    if len(stack) > 1:
        raise TemplateError(f"{{{{#each {stack[-1][0]}}}}} is never closed with {{{{/each}}}}.")
    return tuple(stack[0][1])


def _literal(parts: list[Part], text: str) -> None:
    if text:
        parts.append(Literal(text))


def _take(stack: list[tuple[str, list[Part]]], inner: str, source: str) -> None:
    if len(inner) > MAX_TAG:
        raise TemplateError(f"A placeholder is longer than {MAX_TAG} characters.")
    each = _EACH.fullmatch(inner)
    if each:
        if len(stack) > MAX_LOOP_DEPTH:
            raise TemplateError(f"{{{{#each}}}} is nested deeper than {MAX_LOOP_DEPTH}.")
        stack.append((each[1], []))
    elif inner == "/each":
        if len(stack) == 1:
            raise TemplateError("{{/each}} closes no {{#each}}.")
        path, body = stack.pop()
        stack[-1][1].append(Loop(path, tuple(body)))
    elif inner.startswith(("#", "/")):
        raise TemplateError(f"{source} is no known block; only {{{{#each list}}}} and {{{{/each}}}} are.")
    else:
        stack[-1][1].append(_placeholder(inner, source))


def _placeholder(inner: str, source: str) -> Part:
    path, *filters = (piece.strip() for piece in _PIPE.split(inner))
    if not path:
        return Literal(source)
    return Placeholder(path, tuple(_filter(piece, source) for piece in filters), source)


def _filter(piece: str, source: str) -> Filter:
    match = _FILTER.fullmatch(piece)
    if match is None or match[1] not in FILTERS:
        known = ", ".join(sorted(FILTERS))
        raise TemplateError(f'{source} uses the unknown filter "{piece}"; known are {known}.')
    return FILTERS[match[1]](match[2] if match[2] is not None else (match[3] or ""))
