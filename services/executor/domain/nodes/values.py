"""Fields of data that hold templates anywhere: numbers, whole JSON values, and what goes into a call outside."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import quote

from services.executor.domain.json_value import Json, number_of, text_of
from services.executor.domain.secret_marks import with_marks
from services.executor.domain.templates import Template, compile_template
from services.executor.domain.turn import Turn
from services.executor.domain.variables import compile_reader

Value: TypeAlias = Callable[[Turn], Json]

_ONLY_A_NAME = re.compile(r"\s*\{\{\s*([^{}|#/]+?)\s*\}\}\s*")
_LEADING = re.compile(r"\s*\{\{[^{}#/][^{}]*\}\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def compile_number(value: Json) -> Callable[[Turn], Decimal | None]:
    """Compile a number, or a template that comes to one; None at run time when it does not."""
    if not isinstance(value, str) or "{{" not in value:
        number = number_of(value)
        return lambda turn: number
    template = compile_template(value)
    return lambda turn: number_of(turn.render(template))


def compile_value(value: Json) -> Value:
    """Compile a JSON value with templates in its texts.

    A text that is one placeholder and nothing else gives lists and objects as they are, and other values as text.
    `{{secret.NAME}}` becomes a mark.
    """
    if isinstance(value, str):
        return _compile_text(value)
    if isinstance(value, list):
        entries = tuple(compile_value(item) for item in value)
        return lambda turn: [entry(turn) for entry in entries]
    if isinstance(value, dict):
        fields = tuple((name, compile_value(item)) for name, item in value.items())
        return lambda turn: {name: field(turn) for name, field in fields}
    return lambda turn: value


def _compile_text(text: str) -> Value:
    template = compile_secretive(text)
    if template.constant is not None:
        constant = template.constant
        return lambda turn: constant
    only = _ONLY_A_NAME.fullmatch(text)
    if only is None:
        return lambda turn: turn.render(template)
    read = compile_reader(only[1])

    def fill(turn: Turn) -> Json:
        value = read(turn.scope)
        return value if isinstance(value, list | dict) else turn.render(template)

    return fill


def compile_secretive(text: str, tell: Callable[[Json], str] = text_of) -> Template:
    """Compile a text in which secrets may stand by name: they become marks until the moment of the call."""
    return compile_template(with_marks(text), tell)


def compile_address(text: str) -> Callable[[Turn], str]:
    """Compile a URL. Values are percent-encoded, so that none of them leads elsewhere; one that begins it is the base.

    A colon stays, for a host with its port.
    """
    base = _LEADING.match(text)
    begin = compile_secretive(base[0] if base else "")
    rest = compile_secretive(text[base.end() :] if base else text, lambda value: quote(text_of(value), safe=":"))
    return lambda turn: (turn.render(begin) + turn.render(rest)).strip()


def compile_header(value: Json) -> Callable[[Turn], str]:
    """Compile the value of a header: one line, whatever is put in."""
    template = compile_secretive(text_of(value), lambda put_in: _CONTROL.sub(" ", text_of(put_in)))
    return lambda turn: turn.render(template).strip()


def compile_body(value: Json) -> Value:
    """Compile a body. Into a text that is JSON values are put as JSON has them, so that none breaks it."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and not _LEADING.match(value):
        template = compile_secretive(value, _inside_json)
        return lambda turn: turn.render(template)
    return compile_value(value)


def _inside_json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1] if isinstance(value, str) else text_of(value)
