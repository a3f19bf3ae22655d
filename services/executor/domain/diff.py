"""How two documents of a flow differ: nodes, edges, settings, variables, and everything else. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from services.executor.domain.document import FlowDocument
from services.executor.domain.json_value import Json, text_at

MOST_CHANGES: Final = 2_000
MOST_VALUE: Final = 1_000
# Deeper, or along longer paths, values are told as a whole: paths must not outgrow what they lead to.
_DEEPEST: Final = 8
_LONGEST_PATH: Final = 200
_TOLD_APART: Final = frozenset({"nodes", "edges", "settings", "variables"})

Change = TypeVar("Change")
Object = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A value that is another one now; both as JSON, cut after MOST_VALUE characters, empty where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that is new, gone or another; `fields` is empty for the first two."""

    node_id: str
    node_type: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """A way that is new or gone. Its id and what a builder draws with it do not make it another."""

    source: str
    target: str
    handle: str
    label: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed, in the order of the documents; `is_cut` when there is more than MOST_CHANGES together."""

    added_nodes: tuple[NodeChange, ...] = ()
    removed_nodes: tuple[NodeChange, ...] = ()
    changed_nodes: tuple[NodeChange, ...] = ()
    added_edges: tuple[EdgeChange, ...] = ()
    removed_edges: tuple[EdgeChange, ...] = ()
    settings: tuple[FieldChange, ...] = ()
    variables: tuple[FieldChange, ...] = ()
    others: tuple[FieldChange, ...] = ()
    is_cut: bool = False


def difference_of(before: FlowDocument | None, after: FlowDocument) -> Difference:
    """How `after` differs from `before`; from nothing, when there is no document before."""
    taking = _Taking()
    then, now = _nodes(before), _nodes(after)
    edges_then, edges_now = _edges(before), _edges(after)
    return Difference(
        added_nodes=taking.some(_told(now, then)),
        removed_nodes=taking.some(_told(then, now)),
        changed_nodes=tuple(_changed(then, now, taking)),
        added_edges=taking.some((edges_now - edges_then).elements()),
        removed_edges=taking.some((edges_then - edges_now).elements()),
        settings=taking.some(_fields(_part(before, "settings"), _part(after, "settings"), "settings.")),
        variables=taking.some(_fields(_part(before, "variables"), _part(after, "variables"), "variables.")),
        others=taking.some(_fields(_rest(before), _rest(after), "")),
        is_cut=taking.is_cut,
    )


class _Taking:
    """Takes MOST_CHANGES together, and remembers whether there were more."""

    def __init__(self) -> None:
        self._left = MOST_CHANGES
        self.is_cut = False

    def some(self, changes: Iterator[Change]) -> tuple[Change, ...]:
        taken = tuple(islice(changes, self._left))
        self._left -= len(taken)
        self.is_cut = self.is_cut or next(changes, None) is not None
        return taken


def _nodes(document: FlowDocument | None) -> dict[str, Object]:
    """What the builder wrote of each node, by id."""
    listed = document.source["nodes"] if document else []
    assert isinstance(listed, list)
    return {text_at(node, "id"): node for node in listed if isinstance(node, dict)}


def _edges(document: FlowDocument | None) -> Counter[EdgeChange]:
    edges = document.edges if document else ()
    return Counter(EdgeChange(edge.source, edge.target, edge.source_handle, edge.label) for edge in edges)


def _told(nodes: Mapping[str, Object], others: Mapping[str, Object]) -> Iterator[NodeChange]:
    return (NodeChange(key, text_at(node, "type")) for key, node in nodes.items() if key not in others)


def _changed(then: Mapping[str, Object], now: Mapping[str, Object], taking: _Taking) -> Iterator[NodeChange]:
    for key, node in now.items():
        if key in then and (fields := taking.some(_fields(then[key], node, ""))):
            yield NodeChange(key, text_at(node, "type"), fields)


def _part(document: FlowDocument | None, name: str) -> Object:
    part = document.source.get(name) if document else None
    return part if isinstance(part, dict) else {}


def _rest(document: FlowDocument | None) -> Object:
    source = document.source if document else {}
    return {key: value for key, value in source.items() if key not in _TOLD_APART}


def _fields(before: Object, after: Object, prefix: str, depth: int = 0) -> Iterator[FieldChange]:
    for key in (*after, *(key for key in before if key not in after)):
        path = f"{prefix}{key}"[:_LONGEST_PATH]
        then, now = before.get(key), after.get(key)
        if key in before and key in after and _is_same(then, now):
            continue
        is_inside = isinstance(then, dict) and isinstance(now, dict)
        if is_inside and depth < _DEEPEST and len(path) < _LONGEST_PATH:
            assert isinstance(then, dict)
            assert isinstance(now, dict)
            yield from _fields(then, now, f"{path}.", depth + 1)
        else:
            yield FieldChange(path, _written(then, key in before), _written(now, key in after))


def _is_same(one: Json, other: Json) -> bool:
    """As JSON sees it: true is not 1, and 1.0 is another text than 1."""
    return one == other and _text_of(one) == _text_of(other)


def _written(value: Json, is_there: bool) -> str:
    return _text_of(value)[:MOST_VALUE] if is_there else ""


def _text_of(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
