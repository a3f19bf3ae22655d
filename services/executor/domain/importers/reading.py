"""One source node as its reader sees it: fields by canonical name, notes for the report, targets it names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.executor.domain.importers.aliases import FIELDS, NEXT, PARTS
from services.executor.domain.importers.report import Findings, Level
from services.executor.domain.importers.values import (
    Object,
    as_id,
    as_list,
    as_number,
    as_object,
    as_text,
    present,
)
from services.executor.domain.importers.vocabulary import WRAPPER_TYPES, native_type

# Keys that say how the canvas looks or where the node stands; they carry nothing a contact could notice.
_CANVAS = frozenset(
    {
        "id", "type", "node_type", "nodeType", "position", "data", "config", "label",
        "customName", "description",
        "icon", "color", "style", "animated", "className", "width", "height", "selected",
        "dragging", "measured",
        "positionAbsolute", "sourcePosition", "targetPosition", "zIndex", "parentNode", "extent", "draggable",
        "outputLabels", "source", "node_count",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pointer:
    """A target written in the node itself; `handle` is None for the plain way on."""

    source: str
    handle: str | None
    target: str
    field: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader makes of a node: native type and canonical data.

    `after` are further nodes that the source does in the same one; edges leave the last of them.
    """

    type: str
    data: Object
    after: tuple["Draft", ...] = ()

    def last(self) -> "Draft":
        """The node that the edges leave."""
        return self.after[-1] if self.after else self


@dataclass(frozen=True, slots=True)
class NodeSource:
    """A node of a foreign flow. `exits` holds for each outgoing edge its folded names, the most binding first."""

    id: str
    raw: Object
    fields: Object
    type: str
    dialect: str
    exits: tuple[tuple[str, ...], ...]
    node_ids: frozenset[str]
    findings: Findings
    pointers: list[Pointer] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def take(self, name: str, group: str | None = None) -> object:
        """Value of a canonical field under its first present spelling; None when there is none."""
        spellings = FIELDS.get(group or self.type, {}).get(name, (name,))
        self.taken.update(spellings)
        found = [self.fields[key] for key in spellings if self.fields.get(key) is not None]
        return next((value for value in found if value != ""), found[0] if found else None)

    def exit_names(self) -> frozenset[str]:
        """Every name on any outgoing edge."""
        return frozenset(name for names in self.exits for name in names)

    def text(self, name: str, group: str | None = None) -> str | None:
        value = self.take(name, group)
        text = as_text(value)
        if value is not None and text is None:
            self.note("problem", name, f"Field '{name}' is not a text: write it as a string.")
        return text

    def number(self, name: str, group: str | None = None) -> int | float | None:
        value = self.take(name, group)
        number = as_number(value)
        if value is not None and number is None:
            self.note("problem", name, f"Field '{name}' is not a number: write it in digits.")
        return number

    def note(self, level: Level, name: str, message: str) -> None:
        self.findings.add(level, self.id, name, message)

    def point(self, handle: str | None, target: object, name: str) -> None:
        """Remember a target named in the node; anything that is no id is ignored."""
        node_id = as_id(target)
        if node_id is not None:
            self.pointers.append(Pointer(self.id, handle, node_id, name))

    def rest(self) -> Object:
        """The fields no reader has taken, canvas keys left out."""
        return present({key: value for key, value in self.fields.items() if key not in self.taken | _CANVAS})


def part(item: Object, name: str) -> object:
    """Value of a part (a button's title, a rule's variable) under its first present spelling."""
    return next((item[key] for key in PARTS[name] if item.get(key) is not None and item.get(key) != ""), None)


def type_name(raw: Object) -> str:
    """The type as the source writes it; empty when it names none."""
    names = (
        as_object(raw.get("data")).get("nodeType"),
        raw.get("node_type"),
        raw.get("nodeType"),
        raw.get("type"),
    )
    written = [
        name for name in (*names, as_object(raw.get("data")).get("type")) if isinstance(name, str) and name.strip()
    ]
    return next((name for name in written if name.strip().casefold() not in WRAPPER_TYPES), "")


def node_type(raw: Object) -> str:
    """The native type, or the source's own word when no dialect knows it."""
    name = type_name(raw)
    return native_type(name) or name.strip() or "unknown"


def node_fields(raw: Object) -> Object:
    """Settings from `data.config`, `config`, `data` and the node itself, the first that has a key winning."""
    data = as_object(raw.get("data"))
    layers = (raw, data, as_object(raw.get("config")), as_object(data.get("config")))
    merged: Object = {}
    for layer in layers:
        merged.update(present(layer))
    return _unfold_content(merged)


def label(raw: Object) -> str | None:
    """The caption on the canvas; it is never sent."""
    data = as_object(raw.get("data"))
    captions = (raw.get("label"), data.get("label"), as_object(data.get("config")).get("customName"))
    return next((text for text in captions if isinstance(text, str) and text), None)


def position(raw: Object) -> Object | None:
    """{x, y} from an object or a pair; None when absent or not numbers."""
    place = raw.get("position")
    pair = [place.get("x"), place.get("y")] if isinstance(place, dict) else as_list(place)
    numbers = [as_number(value) for value in pair]
    return {"x": numbers[0], "y": numbers[1]} if len(numbers) == 2 and None not in numbers else None


def point_onward(node: NodeSource) -> None:
    """Take the plain `next` of a node, whichever way it is spelled."""
    node.taken.update(NEXT)
    value = next((node.fields[key] for key in NEXT if as_id(node.fields.get(key)) is not None), None)
    node.point(None, value, "next")


def _unfold_content(fields: Object) -> Object:
    """An object as `content` ({text, buttons} or {header, body, sections}) becomes fields of the node."""
    content = fields.get("content")
    if not isinstance(content, dict):
        return fields
    outer: Mapping[str, object] = {key: value for key, value in fields.items() if key != "content"}
    return {**present(content), **outer}
