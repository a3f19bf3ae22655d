"""Findings about the graph: entry, edges, reachability, ways out, loops that never wait."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from services.executor.domain.document import Edge, FlowDocument, Node
from services.executor.domain.exits import FAILED_WITH, MAIN_HANDLES, Exits, is_plain
from services.executor.domain.finding import Finding, error, warning
from services.executor.domain.json_value import object_at, text_at
from services.executor.domain.lint.loops import cycles
from services.executor.domain.nodes import NODE_TYPES
from services.executor.domain.nodes.waiting import NO_REPLY_EXIT, timeout_of
from services.executor.domain.wiring import declared_exits, edges_from, wire

_SPEAKING: Final = {"window_closed", "failed"}


def graph_findings(document: FlowDocument) -> Iterator[Finding]:
    """Check how the nodes hang together."""
    yield from _identity_findings(document)
    yield from _entry_findings(document)
    yield from _edge_findings(document)
    exits, edges = wire(document), edges_from(document)
    for node in document.nodes:
        yield from _exit_findings(node, exits[node.id], edges[node.id])
    yield from _reach_findings(document)
    yield from _loop_findings(document, exits)


def _identity_findings(document: FlowDocument) -> Iterator[Finding]:
    for node_id, count in Counter(node.id for node in document.nodes).items():
        if count > 1:
            yield error("duplicate_node", node_id, f"{count} nodes have the id {node_id}.", "Give each its own id.")
    for edge_id, count in Counter(edge.id for edge in document.edges).items():
        if count > 1:
            yield warning("duplicate_edge", None, f"{count} edges have the id {edge_id}.", "Give each its own id.")


def _entry_findings(document: FlowDocument) -> Iterator[Finding]:
    starts = [node for node in document.nodes if node.type == "start"]
    if not starts:
        yield error("no_start", None, "The flow has no start node.", "Add one node of type start.")
    for extra in starts[1:]:
        yield error("several_starts", extra.id, f"Node {extra.id} is a second start.", "Keep one start node.")
    outgoing = edges_from(document)
    others = any(node.type not in ("start", "note") for node in document.nodes)
    if starts and others and not outgoing[starts[0].id]:
        message = f"No edge leaves the start node {starts[0].id}: no other node can be reached."
        yield error("start_leads_nowhere", starts[0].id, message, "Connect the start to the first node.")


def _edge_findings(document: FlowDocument) -> Iterator[Finding]:
    ids = {node.id for node in document.nodes}
    fallback = text_at(document.settings, "fallback_node")
    if fallback and fallback not in ids:
        message = f'The setting "fallback_node" names the missing node {fallback}.'
        yield error("dangling_fallback", None, message, "Name a node of this flow.")
    for edge in document.edges:
        if edge.source not in ids:
            message = f"Edge {edge.id} leaves the missing node {edge.source}."
            yield error("dangling_edge", edge.source, message, "Remove the edge.")
        if edge.target not in ids:
            yield _dangling(edge.source, f"Edge {edge.id} leads to the missing node {edge.target}", fallback)
    for node in document.nodes:
        target = _jump_target(node)
        if target and target not in ids:
            yield _dangling(node.id, f"Jump {node.id} leads to the missing node {target}", fallback)


def inactivity_node(document: FlowDocument) -> str:
    """Where a contact who stays silent is led to; empty for nowhere."""
    return text_at(object_at(document.settings, "inactivity"), "node")


def _dangling(node_id: str, fact: str, fallback: str) -> Finding:
    mend = "Connect it to a node of this flow."
    if fallback:
        return warning("dangling_edge", node_id, f"{fact}; the fallback node {fallback} is used.", mend)
    return error("dangling_edge", node_id, f"{fact}.", mend)


def _exit_findings(node: Node, exits: Exits, edges: list[Edge]) -> Iterator[Finding]:
    declared = declared_exits(node)
    for way_out in declared:
        if way_out.expected and exits.leading(way_out.handles) is None:
            message = f'Nothing leads on from "{way_out.handles[0]}" of node {node.id}: the flow ends there.'
            yield warning("missing_edge", node.id, message, "Connect it, or to an end node.")
    if any("invalid" in way_out.handles for way_out in declared) and exits.named("invalid") is None:
        message = f'Node {node.id} has no edge for "invalid": after the last wrong answer the flow ends.'
        yield warning("missing_invalid", node.id, message, 'Connect "invalid" to what should happen then.')
    if timeout_of(node) is not None and NO_REPLY_EXIT in declared and exits.named("no_reply") is None:
        message = f'Node {node.id} has "timeoutSeconds", and no edge for "no_reply": nothing happens then.'
        yield warning("missing_no_reply", node.id, message, 'Connect "no_reply" to what should happen then.')
    yield from _edge_use_findings(node, edges)


def _edge_use_findings(node: Node, edges: list[Edge]) -> Iterator[Finding]:
    known = {handle.casefold() for way_out in declared_exits(node) for handle in way_out.handles}
    node_type = NODE_TYPES.get(node.type)
    known |= _SPEAKING if node_type is not None and node_type.speaks(node) else set()
    if "failed" in known:
        known |= {key for edge in edges if (key := edge.source_handle.casefold()).startswith(FAILED_WITH)}
    for way, count in Counter(_way(edge, known) for edge in edges).items():
        if count > 1:
            message = f'{count} edges leave node {node.id} by "{way or "next"}"; only the first is taken.'
            yield warning("ambiguous_edge", node.id, message, "Keep one, or name the others.")
    for edge in edges:
        way = _way(edge, known)
        if node_type is not None and edge.source_handle and way and way not in known and not edge.label:
            message = f'Edge {edge.id} leaves node {node.id} by "{edge.source_handle}", which the node does not have.'
            yield warning("unknown_handle", node.id, message, "Correct the sourceHandle.")


def _way(edge: Edge, known: set[str]) -> str:
    """The name an edge goes by, folded; empty for a plain edge."""
    handle = edge.source_handle.casefold()
    if is_plain(edge) and handle not in known - MAIN_HANDLES:
        return ""
    return handle or edge.label.casefold()


def _jump_target(node: Node) -> str:
    return text_at(node.data, "targetNodeId") if node.type == "jump" else ""


def _targets(document: FlowDocument) -> dict[str, list[str]]:
    """Node id → ids of the nodes it may lead to, the fallback node in the place of missing ones."""
    ids = {node.id for node in document.nodes}
    fallback = text_at(document.settings, "fallback_node")
    targets = {node_id: [edge.target for edge in edges] for node_id, edges in edges_from(document).items()}
    for node in document.nodes:
        if target := _jump_target(node):
            targets[node.id] = [target]
    resolved = {key: [one if one in ids else fallback for one in many] for key, many in targets.items()}
    return {key: [one for one in many if one in ids] for key, many in resolved.items() if key in ids}


def _reach_findings(document: FlowDocument) -> Iterator[Finding]:
    targets = _targets(document)
    silent = inactivity_node(document)
    todo = [node.id for node in document.nodes if node.type == "start" or node.id == silent]
    reached = set(todo)
    while todo:
        for target in targets[todo.pop()]:
            if target not in reached:
                reached.add(target)
                todo.append(target)
    for node in document.nodes:
        if node.id not in reached and node.type != "note":
            message = f"Node {node.id} cannot be reached from the start."
            yield warning("unreachable", node.id, message, "Connect it, or remove it.")


def _loop_findings(document: FlowDocument, exits: dict[str, Exits]) -> Iterator[Finding]:
    """Loops that never wait for the contact. A loop that counts and has a way out is the author's intention."""
    types = {node.id: node.type for node in document.nodes}
    waiting = {node.id for node in document.nodes if _waits(node, exits[node.id])}
    targets = _targets(document)
    passing = {
        node_id: [target for target in many if target not in waiting]
        for node_id, many in targets.items()
        if node_id not in waiting
    }
    for loop in cycles(passing):
        counts = any(types[node_id] == "set_variable" for node_id in loop)
        leaves = any(target not in loop for node_id in loop for target in targets[node_id])
        if not (counts and leaves):
            names = ", ".join(sorted(loop))
            message = f"The loop {names} never waits for the contact and may run until the turn is stopped."
            yield warning("loop_without_input", min(loop), message, "Put a question or a menu into the loop.")


def _waits(node: Node, exits: Exits) -> bool:
    node_type = NODE_TYPES.get(node.type)
    return node_type is not None and node_type.waits(node, exits)
