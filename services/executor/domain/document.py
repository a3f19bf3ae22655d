"""The native flow document `pytake.flow/1`: structure, typed view, canonical bytes and digest."""

import copy
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from services.executor.domain.finding import Finding, InvalidFlow, error
from services.executor.domain.json_value import Json, is_storable, object_at, text_at

SCHEMA = "pytake.flow/1"
MAX_DEPTH = 64
MAX_NODES = 2_000
MAX_EDGES = 8_000
MAX_FINDINGS = 200

_DOCUMENT_KEYS = ("schema", "name", "language", "settings", "variables", "nodes", "edges")
_NODE_KEYS = ("id", "type", "position", "label", "data")
_EDGE_KEYS = ("id", "source", "target", "sourceHandle", "label")


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a flow; `data` holds the fields of its type."""

    id: str
    type: str
    label: str
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one node to another; `source_handle` and `label` are empty for a plain edge."""

    id: str
    source: str
    target: str
    source_handle: str
    label: str


@dataclass(frozen=True, slots=True)
class FlowDocument:
    """A structurally sound flow: `source` is what the builder wrote, the rest is a view of it."""

    name: str
    language: str
    settings: Mapping[str, Json]
    variables: Mapping[str, Json]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    source: Mapping[str, Json]


def parse_document(value: object) -> FlowDocument:
    """Read a JSON value as a flow document, or raise InvalidFlow with its first structural findings."""
    if not isinstance(value, dict):
        raise InvalidFlow((_wrong(None, "The flow document is not a JSON object.", "Send one JSON object."),))
    findings = tuple(islice(_structure_findings(value), MAX_FINDINGS))
    if findings:
        raise InvalidFlow(findings)
    source = copy.deepcopy(value)
    return FlowDocument(
        name=text_at(source, "name"),
        language=text_at(source, "language") or "pt_BR",
        settings=object_at(source, "settings"),
        variables=object_at(source, "variables"),
        nodes=tuple(_node(item) for item in _entries(source, "nodes")),
        edges=tuple(_edge(item, number) for number, item in enumerate(_entries(source, "edges"), start=1)),
        source=source,
    )


def canonical_json(document: FlowDocument) -> bytes:
    """Write the document in its one canonical form: compact UTF-8, known keys first, the rest sorted."""
    source = dict(document.source)
    for key, order in (("nodes", _NODE_KEYS), ("edges", _EDGE_KEYS)):
        if key in source:
            source[key] = [_ordered(item, order) for item in _entries(source, key)]
    ordered = _ordered(source, _DOCUMENT_KEYS, keep=("nodes", "edges"))
    return json.dumps(ordered, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def digest(document: FlowDocument) -> str:
    """The SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_json(document)).hexdigest()


def _entries(source: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    value = source.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _node(item: Mapping[str, Json]) -> Node:
    return Node(text_at(item, "id"), text_at(item, "type"), text_at(item, "label"), object_at(item, "data"))


def _edge(item: Mapping[str, Json], number: int) -> Edge:
    return Edge(
        id=text_at(item, "id") or f"edge-{number}",
        source=text_at(item, "source"),
        target=text_at(item, "target"),
        source_handle=text_at(item, "sourceHandle").strip(),
        label=text_at(item, "label").strip(),
    )


def _ordered(item: Mapping[str, Json], first: tuple[str, ...], keep: tuple[str, ...] = ()) -> dict[str, Json]:
    keys = [key for key in first if key in item] + sorted(key for key in item if key not in first)
    return {key: item[key] if key in keep else _sorted(item[key]) for key in keys}


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def _wrong(node_id: str | None, message: str, mend: str) -> Finding:
    return error("structure", node_id, message, mend)


def _structure_findings(value: dict[str, Json]) -> Iterator[Finding]:
    if value.get("schema") != SCHEMA:
        yield _wrong(None, f'The field "schema" is not "{SCHEMA}".', f'Write "schema": "{SCHEMA}", or import it.')
    if not isinstance(value.get("name", ""), str):
        yield _wrong(None, 'The field "name" is not text.', "Give the flow a name.")
    if not isinstance(value.get("language"), str | None):
        yield _wrong(None, 'The field "language" is not text.', 'Write a language such as "pt_BR".')
    for key in ("settings", "variables"):
        if not isinstance(value.get(key), dict | None):
            yield _wrong(None, f'The field "{key}" is not an object.', f'Make "{key}" a JSON object.')
    yield from _list_findings(value)
    yield from _value_findings(value)


def _list_findings(value: dict[str, Json]) -> Iterator[Finding]:
    nodes, edges = value.get("nodes"), value.get("edges", [])
    if not isinstance(nodes, list):
        yield _wrong(None, 'The field "nodes" is not a list.', 'Give "nodes" a list of objects.')
    if not isinstance(edges, list):
        yield _wrong(None, 'The field "edges" is not a list.', 'Give "edges" a list of objects.')
    for what, entries, most in (("nodes", nodes, MAX_NODES), ("edges", edges, MAX_EDGES)):
        if isinstance(entries, list) and len(entries) > most:
            yield _wrong(None, f"The flow has {len(entries)} {what}; {most} are allowed.", "Split it into several.")
            return
    for number, node in enumerate(nodes if isinstance(nodes, list) else [], start=1):
        yield from _node_findings(node, number)
    for number, edge in enumerate(edges if isinstance(edges, list) else [], start=1):
        yield from _edge_findings(edge, number)


def _node_findings(node: object, number: int) -> Iterator[Finding]:
    if not isinstance(node, dict):
        yield _wrong(None, f"Node number {number} is not an object.", "Make it an object with id and type.")
        return
    node_id = node.get("id")
    name = node_id if isinstance(node_id, str) and node_id else None
    for key in ("id", "type"):
        if not isinstance(node.get(key), str) or not node.get(key):
            yield _wrong(name, f'Node number {number} has no text in "{key}".', f'Give the node a "{key}".')
    if not isinstance(node.get("data"), dict | None):
        yield _wrong(name, f'The "data" of node number {number} is not an object.', 'Make "data" an object.')


def _edge_findings(edge: object, number: int) -> Iterator[Finding]:
    if not isinstance(edge, dict):
        yield _wrong(None, f"Edge number {number} is not an object.", "Make it an object with source and target.")
        return
    for key in ("source", "target"):
        if not isinstance(edge.get(key), str) or not edge.get(key):
            yield _wrong(None, f'Edge number {number} has no node id in "{key}".', f'Name a node in "{key}".')


def _value_findings(value: object, path: str = "", depth: int = 0) -> Iterator[Finding]:
    if depth > MAX_DEPTH:
        yield _wrong(None, f"The document is nested deeper than {MAX_DEPTH} levels.", "Flatten it.")
    elif isinstance(value, str) and not is_storable(value):
        yield _wrong(None, f'The text at "{path}" holds a NUL or half a character.', "Type the text again.")
    elif isinstance(value, float) and not math.isfinite(value):
        yield _wrong(None, f'The number at "{path}" is not finite.', "Write an ordinary number.")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                yield _wrong(None, f'The object at "{path}" has a key that is no text.', "Write keys as text.")
            yield from _value_findings(key, f"{path}.{key!a}", depth + 1)
            yield from _value_findings(item, f"{path}.{key!a}", depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value_findings(item, f"{path}[{index}]", depth + 1)
    elif value is not None and not isinstance(value, str | int | float):
        yield _wrong(None, f'The value at "{path}" is no JSON value.', "Write text, a number, a list or an object.")
