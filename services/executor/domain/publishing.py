"""What publishing a document means for people who are in older versions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.executor.domain.compile import compile_flow
from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.exits import Exits
from services.executor.domain.lint import problems
from services.executor.domain.nodes import NODE_TYPES
from services.executor.domain.turn import Passing, Waiting
from services.executor.domain.wiring import edges_from, wire

Policy = Literal["pin", "move", "restart", "end"]
"""People stay in their version, go on in the new one, begin it at its start, or are through (the flow is gone)."""
Fate = Literal["stays", "changes", "goes"]
Documents = Mapping[int, FlowDocument]
"""Documents by version."""

_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Stand:
    """So many people stand on a node of a version; on no node when they begin at the start with their next message."""

    version: int
    node_id: str | None
    people: int


@dataclass(frozen=True, slots=True)
class NodePeople:
    """The same, with the node's type and what the new document makes of the node."""

    version: int
    node_id: str
    node_type: str
    people: int
    fate: Fate


class Ground:
    """A document as the place where people of other versions may come to stand."""

    def __init__(self, document: FlowDocument) -> None:
        self._nodes = {node.id: node for node in document.nodes}
        self._ways = _ways(document)
        self._open = _open_nodes(document)

    @property
    def node_ids(self) -> list[str]:
        """Its nodes."""
        return list(self._nodes)

    def takes(self, node_id: str) -> bool:
        """Whether somebody can be put on a node: it asks, or acts at once. One that waits for a timer or a call began
        that when it was entered."""
        return node_id in self._open

    def fate_of(self, node: Node, ways: frozenset[tuple[str, str, str]]) -> Fate:
        """What becomes of a node of an older version, of which these ways lead on."""
        mine = self._nodes.get(node.id)
        if mine is None or (mine.type != node.type and not self.takes(node.id)):
            return "goes"
        is_same = mine.type == node.type and mine.data == node.data and self._ways.get(node.id) == ways
        return "stays" if is_same else "changes"


def impact_of(stands: Sequence[Stand], documents: Documents, ground: Ground) -> list[NodePeople]:
    """Where people stand, and what becomes of it; `documents` has every version they are in."""
    fates = {version: dict(_fates(document, ground)) for version, document in documents.items()}
    types = {version: {node.id: node.type for node in document.nodes} for version, document in documents.items()}
    return [
        NodePeople(
            stand.version,
            stand.node_id or "",
            types[stand.version].get(stand.node_id or "", ""),
            stand.people,
            _fate_of(stand, fates[stand.version], ground),
        )
        for stand in stands
    ]


def gone_nodes(stands: Sequence[Stand], documents: Documents, ground: Ground) -> dict[str, int]:
    """Nodes that go, on which people stand or may come to stand before they are moved, with how many do."""
    people: dict[str, int] = {}
    for version, document in documents.items():
        exits, fates = wire(document), dict(_fates(document, ground))
        for node in document.nodes:
            if fates[node.id] == "goes" and _waits(node, exits[node.id]):
                people.setdefault(node.id, 0)
        for stand in stands:
            if stand.version == version and stand.node_id and _fate_of(stand, fates, ground) == "goes":
                people[stand.node_id] = people.get(stand.node_id, 0) + stand.people
    return people


def problems_of_moves(moves: Mapping[str, str], documents: Documents, ground: Ground) -> Iterator[str]:
    """Sentences on moves that can never be meant."""
    known = {node.id for document in documents.values() for node in document.nodes}
    for source, target in moves.items():
        if source not in known:
            yield f"no version that people are in has the node {source}"
        if target not in ground.node_ids:
            yield f"{source} leads to {target}, which the new version does not have"
        elif not ground.takes(target):
            yield f"{source} leads to {target}, which waits for something that has not begun; name a node before it"


def sentence_on(gone: Mapping[str, int]) -> str:
    """Name nodes with the people on them, those with most first."""
    ordered = sorted(gone.items(), key=lambda pair: (-pair[1], pair[0]))
    named = [f"{node_id} ({people} {'person' if people == 1 else 'people'})" for node_id, people in ordered[:_NAMED]]
    more = [f"and {len(ordered) - _NAMED} more"] if len(ordered) > _NAMED else []
    return ", ".join([*named, *more])


def _fates(document: FlowDocument, ground: Ground) -> Iterator[tuple[str, Fate]]:
    ways = _ways(document)
    return ((node.id, ground.fate_of(node, ways[node.id])) for node in document.nodes)


def _fate_of(stand: Stand, fates: Mapping[str, Fate], ground: Ground) -> Fate:
    """A place that its own version does not have is begun anew wherever it leads."""
    if stand.node_id is None:
        return "stays"
    return fates.get(stand.node_id, "changes" if ground.takes(stand.node_id) else "goes")


def _ways(document: FlowDocument) -> dict[str, frozenset[tuple[str, str, str]]]:
    return {
        source: frozenset((edge.source_handle, edge.label, edge.target) for edge in edges)
        for source, edges in edges_from(document).items()
    }


def _open_nodes(document: FlowDocument) -> frozenset[str]:
    """All nodes of a document that cannot run yet: what its nodes will do is not known."""
    if any(finding.severity == "error" for finding in problems(document)):
        return frozenset(node.id for node in document.nodes)
    compiled = compile_flow(document)
    return frozenset(key for key, node in compiled.nodes.items() if isinstance(node.behaviour, Passing | Waiting))


def _waits(node: Node, exits: Exits) -> bool:
    node_type = NODE_TYPES.get(node.type)
    return node_type is not None and node_type.waits(node, exits)
