"""The edges of a document, sorted per node; the compiler and the linter see the same ways out."""

from services.executor.domain.document import Edge, FlowDocument, Node
from services.executor.domain.exits import Exits, build_exits
from services.executor.domain.nodes import NODE_TYPES
from services.executor.domain.nodes.node_type import Exit


def declared_exits(node: Node) -> tuple[Exit, ...]:
    """The ways out a node's type declares; none for a type that cannot run."""
    node_type = NODE_TYPES.get(node.type)
    return node_type.exits(node) if node_type is not None else ()


def edges_from(document: FlowDocument) -> dict[str, list[Edge]]:
    """Edges by their source node, in document order; every node has an entry."""
    edges: dict[str, list[Edge]] = {node.id: [] for node in document.nodes}
    for edge in document.edges:
        edges.setdefault(edge.source, []).append(edge)
    return edges


def wire(document: FlowDocument) -> dict[str, Exits]:
    """The exits of every node."""
    edges = edges_from(document)
    return {node.id: build_exits(edges[node.id], _claimed(node)) for node in document.nodes}


def _claimed(node: Node) -> frozenset[str]:
    return frozenset(handle for way_out in declared_exits(node) for handle in way_out.handles)
