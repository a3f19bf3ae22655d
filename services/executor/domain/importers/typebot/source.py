"""A Typebot export as its readers see it: variables by id, blocks in their groups, texts with native names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.executor.domain.importers.canvas import Canvas, Place
from services.executor.domain.importers.names import Names
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Level
from services.executor.domain.importers.values import Object, as_id, as_list, as_number, as_object, as_text

_BRACES = re.compile(r"\{\{([^{}]*)\}\}")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of blocks that run one after another; `entry` is the node an edge to the group means."""

    id: str
    title: str
    blocks: tuple[Object, ...]
    place: Place
    raw: Object
    entry: str
    node_ids: tuple[str, ...]


@dataclass(slots=True)
class Bot:
    """The export while it is read: what readers of blocks need to know of the whole."""

    canvas: Canvas
    names: Names
    variables: Mapping[str, str]
    groups: dict[str, Group] = field(default_factory=dict)
    # Every group in its order; two may have one id, of which `groups` holds the first.
    chains: list[Group] = field(default_factory=list)
    # Block id as the source writes it → id of its node.
    blocks: dict[str, str] = field(default_factory=dict)
    # Node id → its group and its place in it, counted from 0.
    steps: dict[str, tuple[Group, int]] = field(default_factory=dict)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def variable(self, written: object) -> str | None:
        """The native name of the variable with this id; None when there is none."""
        name = self.variables.get(as_id(written) or "")
        return None if name is None else self.names.native(name)

    def text(self, node_id: str, name: str, value: object) -> str:
        """A text with its placeholders in native names; reports code that stands among them."""
        text = as_text(value) or ""
        if "{{=" in text and (node_id, name) not in self._told:
            self._told.add((node_id, name))
            message = "The text holds code between {{= and =}}, which is not run: write what it gives into a variable."
            self.canvas.note("problem", node_id, name, message)
        return _BRACES.sub(self._placeholder, text)

    def _placeholder(self, found: re.Match[str]) -> str:
        inner = found[1].strip()
        return found[0] if not inner or inner.startswith("=") else f"{{{{{self.names.native(inner)}}}}}"


@dataclass(frozen=True, slots=True)
class Block:
    """One block with the node it becomes; `asked` is the text of a bubble right before an input."""

    id: str
    type: str
    raw: Object
    bot: Bot
    asked: str = ""

    @property
    def options(self) -> Object:
        return as_object(self.raw.get("options"))

    @property
    def content(self) -> Object:
        """What a bubble shows."""
        return as_object(self.raw.get("content"))

    @property
    def items(self) -> list[Object]:
        return [as_object(item) for item in as_list(self.raw.get("items"))]

    def note(self, level: Level, name: str, message: str) -> None:
        self.bot.canvas.note(level, self.id, name, message)

    def text(self, name: str, value: object) -> str:
        return self.bot.text(self.id, name, value)

    def variable(self, name: str = "variableId") -> str | None:
        return self.bot.variable(self.options.get(name))

    def without(self, names: tuple[str, ...], why: str) -> None:
        """Report options that are set and have no effect here."""
        for name in names:
            if self.options.get(name) not in (None, False, "", [], {}):
                self.note("dropped", name, f"Option '{name}' has no effect: {why}")


def place_of(raw: Object, caption: str = "") -> Place:
    """Where a group or an event stands on Typebot's canvas."""
    at = as_object(raw.get("graphCoordinates"))
    return Place(as_number(at.get("x")), as_number(at.get("y")), caption)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a block.

    `ways` maps the ids of items (and of paths in them) to handles; what has none takes the plain way on. `goes_on`
    is False when the next block of the group never follows.
    """

    draft: Draft
    ways: Mapping[str, str] = field(default_factory=dict)
    goes_on: bool = True
