"""The flows of a test, compiled so that the ways they take are seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.executor.domain.compile import CompiledFlow, CompiledNode, compile_flow
from services.executor.domain.document import FlowDocument
from services.executor.domain.exits import Exits
from services.executor.domain.flowtest.coverage import Watch
from services.executor.domain.wiring import wire


@dataclass(frozen=True, slots=True)
class WatchedExits(Exits):
    """Exits that remember which edge was taken. `places` are the same exits with edges' places in place of targets."""

    places: Exits
    targets: tuple[str, ...]
    watch: Watch

    def named(self, handle: str) -> str | None:
        """As Exits.named."""
        return self._taken(self.places.named(handle))

    def leading(self, handles: tuple[str, ...]) -> str | None:
        """As Exits.leading."""
        return self._taken(self.places.leading(handles))

    def failing(self, code: int) -> str | None:
        """As Exits.failing."""
        return self._taken(self.places.failing(code))

    def _taken(self, place: str | None) -> str | None:
        if place is None:
            return None
        self.watch.edges.add(int(place))
        return self.targets[int(place)]


@dataclass(frozen=True, slots=True)
class WatchedFlow(CompiledFlow):
    """A flow that remembers which nodes were entered: the engine asks for each of them by `node`."""

    watch: Watch

    def node(self, node_id: str) -> CompiledNode:
        """As CompiledFlow.node."""
        node = CompiledFlow.node(self, node_id)
        self.watch.nodes.add(node.id)
        return node


def watched_flow(document: FlowDocument, flow_id: str, watch: Watch) -> CompiledFlow:
    """Compile a flow to one that tells the watch where it goes. Raises InvalidFlow."""
    flow = compile_flow(document, flow_id=flow_id, version=1)
    numbered = tuple(replace(edge, target=str(place)) for place, edge in enumerate(document.edges))
    places = wire(replace(document, edges=numbered))
    targets = tuple(edge.target for edge in document.edges)
    nodes = {}
    for node_id, node in flow.nodes.items():
        real = node.exits
        exits = WatchedExits(
            real.by_handle, real.by_label, real.plain, real.sole, places=places[node_id], targets=targets, watch=watch
        )
        nodes[node_id] = replace(node, exits=exits)
    return WatchedFlow(
        flow_id=flow.flow_id, version=1, settings=flow.settings, variables=flow.variables, start_id=flow.start_id,
        nodes=nodes, watch=watch,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flows:
    """The flow under test, and those it may go on in, by every name they go by."""

    main: CompiledFlow
    others: Mapping[str, CompiledFlow]

    def find(self, name: str) -> CompiledFlow | None:
        """A flow by its name or id; None when the test has none of it."""
        return self.main if name == self.main.flow_id else self.others.get(name)
