"""Where the importer of another product draws the native flow: nodes and edges with their ids, and the report."""

from dataclasses import dataclass, field

from services.executor.domain.importers.checks import check_graph
from services.executor.domain.importers.edges import claim_id
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Findings, Level
from services.executor.domain.importers.values import Object, as_id, as_object

SCHEMA = "pytake.flow/1"
_STEP = 120


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands on the author's canvas, and what is written over it; all of it may be missing."""

    x: int | float | None = None
    y: int | float | None = None
    caption: str = ""

    def below(self, steps: int) -> "Place":
        """So many nodes further down, without the caption, which belongs to the first."""
        if not steps:
            return self
        return Place(self.x, None if self.y is None else self.y + _STEP * steps)


@dataclass(slots=True)
class Canvas:
    """A flow while it is drawn. Ids are the source's own wherever they are free, so that they stay the same."""

    findings: Findings
    nodes: dict[str, Object] = field(default_factory=dict)
    edges: list[Object] = field(default_factory=list)
    _node_ids: dict[str, int] = field(default_factory=dict)
    _edge_ids: dict[str, int] = field(default_factory=dict)
    _leaving: set[tuple[str, str | None]] = field(default_factory=set)

    def claim(self, wanted: object, fallback: str) -> str:
        """The wanted id, or the fallback where it is none; with a number where it is taken."""
        return claim_id(as_id(wanted) or fallback, self._node_ids)

    def draw(self, node_id: str, draft: Draft, source: object, place: Place | None = None) -> None:
        """Draw a node under a claimed id; `source` is the part of the foreign document that it stands for."""
        node: Object = {"id": node_id, "type": draft.type}
        if place is not None and place.x is not None and place.y is not None:
            node["position"] = {"x": place.x, "y": place.y}
        if place is not None and place.caption:
            node["label"] = place.caption
        self.nodes[node_id] = node | {"data": draft.data, "source": source}

    def connect(self, source: str, target: str, handle: str | None = None, *, wanted: object = None) -> Object:
        """Draw an edge and give it back; `wanted` is the source's id of it."""
        parts = ["e", source, *([handle] if handle else []), target]
        edge: Object = {"id": claim_id(as_id(wanted) or "-".join(parts), self._edge_ids)}
        edge |= {"source": source, "target": target} | ({"sourceHandle": handle} if handle else {})
        self.edges.append(edge)
        self._leaving.add((source, handle))
        return edge

    def note(self, level: Level, node_id: str, name: str, message: str) -> None:
        self.findings.add(level, node_id, name, message)

    def leaves(self, node_id: str, handle: str | None = None) -> bool:
        """Whether an edge leaves the node by this handle."""
        return (node_id, handle) in self._leaving

    def finish(self, head: Object, rest: Object) -> Object:
        """The flow document; `rest` is what of the source lies in no node. Reports what the graph shows as a whole."""
        drafts = {node_id: Draft(str(node["type"]), as_object(node["data"])) for node_id, node in self.nodes.items()}
        check_graph(drafts, self.edges, self.findings)
        body: Object = {"nodes": list(self.nodes.values()), "edges": self.edges}
        return {"schema": SCHEMA} | head | body | {"source": rest}
