"""Which nodes were entered and which edges were taken."""

from dataclasses import dataclass, field

from services.executor.domain.document import Edge, FlowDocument


@dataclass(slots=True)
class Watch:
    """What the tests of one flow came by: ids of nodes, and places of edges in the document."""

    nodes: set[str] = field(default_factory=set)
    edges: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a flow its tests came by; what is missing is in the order of the document."""

    nodes: int
    edges: int
    missing_nodes: tuple[str, ...]
    missing_edges: tuple[str, ...]

    @property
    def nodes_percent(self) -> float:
        """Nodes entered, of a hundred."""
        return _percent(self.nodes, len(self.missing_nodes))

    @property
    def edges_percent(self) -> float:
        """Edges taken, of a hundred."""
        return _percent(self.edges, len(self.missing_edges))


def coverage_of(document: FlowDocument, watch: Watch) -> Coverage:
    """Compare what was come by with what there is. Notes beside the flow do not count."""
    targets = {edge.target for edge in document.edges}
    nodes = [node.id for node in document.nodes if node.type != "note" or node.id in targets]
    edges = list(enumerate(document.edges))
    return Coverage(
        nodes=len(nodes),
        edges=len(edges),
        missing_nodes=tuple(node_id for node_id in nodes if node_id not in watch.nodes),
        missing_edges=tuple(edge_name(edge) for place, edge in edges if place not in watch.edges),
    )


def edge_name(edge: Edge) -> str:
    """An edge as a person would name it, such as `ask -invalid-> bye`."""
    way = edge.source_handle or edge.label
    return f"{edge.source} -{way}-> {edge.target}" if way else f"{edge.source} -> {edge.target}"


def _percent(count: int, missing: int) -> float:
    return 100.0 * (count - missing) / count if count else 100.0
