"""Rendering compiled templates within a budget of output and work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from services.executor.domain.budget import STEP
from services.executor.domain.json_value import Json, text_of
from services.executor.domain.templates.parse import Literal, Loop, Part, Placeholder, parse_template
from services.executor.domain.variables import Scope, compile_reader

MAX_OUTPUT_BYTES: Final = 64 * 1024
MAX_STEPS: Final = 10_000
# Characters that filters are given, and fields of items that loops lay open.
MAX_READ: Final = 1024 * 1024


# What a text costs of the turn's budget when all of its own budgets are used up.
_WHOLE: Final = MAX_OUTPUT_BYTES + MAX_STEPS * STEP + MAX_READ


class _BudgetSpent(Exception):
    """The output or the work budget is used up: what is written so far stands."""


class _Sheet:
    """The output so far, and what is left of the budgets: characters, parts written, and what was read for them."""

    __slots__ = ("characters_left", "pieces", "read_left", "steps_left")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.characters_left = MAX_OUTPUT_BYTES
        self.steps_left = MAX_STEPS
        self.read_left = MAX_READ

    def read(self, size: int) -> None:
        self.read_left -= size
        if self.read_left < 0:
            raise _BudgetSpent

    def write(self, text: str) -> None:
        self.pieces.append(text)
        self.characters_left -= len(text)
        self.steps_left -= 1
        if self.characters_left < 0 or self.steps_left < 0:
            raise _BudgetSpent


Writer = Callable[[Scope, _Sheet], None]


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text. `constant` is the whole text when nothing is substituted in it."""

    constant: str | None
    writers: tuple[Writer, ...]
    names: tuple[str, ...]
    literal_length: int

    def render(self, scope: Scope) -> str:
        """Fill in the values; at most 64 KiB of UTF-8, the rest is cut off. Raises WorkSpent."""
        if self.constant is not None:
            return self.constant
        sheet = _Sheet()
        try:
            for write in self.writers:
                write(scope, sheet)
        except _BudgetSpent:
            pass
        scope.budget.spend(_WHOLE - sheet.characters_left - sheet.steps_left * STEP - sheet.read_left)
        return _within_bytes("".join(sheet.pieces))


Tell = Callable[[Json], str]


def compile_template(text: str, tell: Tell = text_of) -> Template:
    """Compile a text once, or raise TemplateError. `names` are the variables it reads outside loop items.

    `tell` writes each value that is put in: another one than text_of makes it fit into an address or a JSON text.
    """
    parts = parse_template(text)
    constant = "".join(part.text for part in parts if isinstance(part, Literal))
    is_constant = all(isinstance(part, Literal) for part in parts)
    return Template(
        constant=_within_bytes(constant) if is_constant else None,
        writers=tuple(_writer(part, tell) for part in parts),
        names=tuple(dict.fromkeys(_names(parts))),
        literal_length=len(constant),
    )


def _names(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        if not isinstance(part, Literal):
            yield part.path


def _within_bytes(text: str) -> str:
    if len(text) * 4 <= MAX_OUTPUT_BYTES:
        return text
    return text.encode()[:MAX_OUTPUT_BYTES].decode(errors="ignore")


def _writer(part: Part, tell: Tell) -> Writer:
    match part:
        case Literal(text):
            return lambda scope, sheet: sheet.write(text)
        case Placeholder():
            return _placeholder_writer(part, tell)
        case Loop():
            return _loop_writer(part, tell)
        case _:
            assert_never(part)


def _placeholder_writer(part: Placeholder, tell: Tell) -> Writer:
    read, filters, source = compile_reader(part.path), part.filters, part.source

    def write(scope: Scope, sheet: _Sheet) -> None:
        value = read(scope)
        for change in filters:
            if isinstance(value, str):
                sheet.read(len(value))
            value = change(value)
        if value is None and scope.keep_unknown:
            sheet.write(source)
        else:
            sheet.write(tell(value))

    return write


def _loop_writer(part: Loop, tell: Tell) -> Writer:
    read, body = compile_reader(part.path), tuple(_writer(inner, tell) for inner in part.body)

    def write(scope: Scope, sheet: _Sheet) -> None:
        items = read(scope)
        for index, item in enumerate(items if isinstance(items, list) else [], start=1):
            sheet.write("")
            names = _item_names(item, index)
            sheet.read(len(names))
            within = scope.inside(names)
            for write_part in body:
                write_part(within, sheet)

    return write


def _item_names(item: Json, index: int) -> dict[str, Json]:
    fields = item if isinstance(item, dict) else {}
    return {**fields, "this": item, "index": index}
