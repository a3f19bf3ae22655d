"""From a document of a PyTake to a native one: find the graph, read nodes, draw edges, look at the whole."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from services.executor.domain.exporters import exported_document
from services.executor.domain.importers.chains import spread
from services.executor.domain.importers.checks import check_graph
from services.executor.domain.importers.dialects import EXPORT, NATIVE, graph_dialect, is_envelope, is_native
from services.executor.domain.importers.edges import build_edges, claim_id, edge_ends, edge_names
from services.executor.domain.importers.nodes import (
    actions,
    branching,
    calls,
    clock,
    effects,
    menus,
    people,
    sayings,
    starting,
    talk,
)
from services.executor.domain.importers.place import (
    Graph,
    find_graph,
    flow_language,
    flow_name,
    initial_variables,
    native_settings,
    other_keys,
    settings,
)
from services.executor.domain.importers.reading import (
    Draft,
    NodeSource,
    Pointer,
    label,
    node_fields,
    node_type,
    point_onward,
    position,
    type_name,
)
from services.executor.domain.importers.report import Findings, Imported, Report, UnreadableFlow
from services.executor.domain.importers.values import Object, as_id, as_list, as_object
from services.executor.domain.importers.vocabulary import native_type

SCHEMA = "pytake.flow/1"
_UNNAMED = "Imported flow"
_SUFFIX = " (Imported)"
_VIRTUAL_END = "end"

_READERS: Mapping[str, Callable[[NodeSource], Draft]] = MappingProxyType(
    {
        "start": starting.read_start,
        "message": talk.read_message,
        "question": talk.read_question,
        "location": sayings.read_location,
        "contacts": sayings.read_contacts,
        "template": sayings.read_template,
        "end": talk.read_end,
        "buttons": menus.read_buttons,
        "list": menus.read_list,
        "condition": branching.read_condition,
        "switch": branching.read_switch,
        "random": branching.read_random,
        "jump": branching.read_jump,
        "window_check": branching.read_window_check,
        "set_variable": effects.read_set_variable,
        "delay": clock.read_delay,
        "datetime": clock.read_datetime,
        "http_request": calls.read_http_request,
        "ai_reply": calls.read_ai_reply,
        "action": actions.read_action,
        "script": effects.read_script,
        "database_query": effects.read_database_query,
        "analytics": effects.read_analytics,
        "handoff": people.read_handoff,
    }
)


def import_pytake(source: object, name: str | None) -> Imported:
    """Read the native form or any of PyTake's dialects; UnreadableFlow when the source holds no nodes."""
    document = as_object(source)
    exported = exported_document(document) if is_envelope(document) else None
    if exported is not None and is_native(exported):
        return _unwrapped(exported, name)
    if is_native(document):
        if not as_list(document.get("nodes")):
            raise UnreadableFlow("The flow has no `nodes`: give it at least a start node.")
        return Imported(document, Report(NATIVE))
    findings = Findings()
    graph = find_graph(source, findings)
    dialect = graph_dialect(graph.holders[0])
    flow = _head(document, graph, name, findings) | _body(graph, dialect, findings)
    flow["source"] = other_keys(document, graph)
    return Imported(flow, Report(EXPORT if is_envelope(document) else dialect, tuple(findings.items)))


def _unwrapped(document: Object, name: str | None) -> Imported:
    """The document that our own exporter wrapped, as it was."""
    if not as_list(document.get("nodes")):
        raise UnreadableFlow("The flow has no `nodes`: give it at least a start node.")
    return Imported(document | ({"name": name} if name else {}), Report(EXPORT))


def _head(document: Object, graph: Graph, name: str | None, findings: Findings) -> Object:
    found = flow_name(graph) or _UNNAMED
    if is_envelope(document):
        found += _SUFFIX
    _report_wrapper(document, findings)
    head: Object = {"schema": SCHEMA, "name": name or found}
    language = flow_language(graph)
    if language:
        head["language"] = language
    return head | {"settings": native_settings(graph, findings), "variables": initial_variables(graph, findings)}


def _report_wrapper(document: Object, findings: Findings) -> None:
    """Say what around the flow has no place in a flow document."""
    if is_envelope(document):
        message = "An imported flow is never the main flow: make it the main flow after publishing."
        findings.add("changed", "", "is_main", message)
    if document.get("trigger") is not None:
        message = "The trigger around the flow is not taken over: add a trigger to the start node."
        findings.add("dropped", "", "trigger", message)
    if "template" in document:
        message = "The template's buttons are not taken over: let each start its flow by a trigger."
        findings.add("dropped", "", "template.buttons", message)


def _body(graph: Graph, dialect: str, findings: Findings) -> Object:
    named = _with_ids(graph.nodes, findings)
    ids = frozenset(named)
    exits = _exits(graph.edges)
    sources = [_node_source(node_id, raw, dialect, exits, ids, findings) for node_id, raw in named.items()]
    drafts = {node.id: _read(node) for node in sources}
    pointers = [pointer for node in sources for pointer in node.pointers]
    nodes = [_native_node(node, drafts[node.id]) for node in sources]
    added = _missing_start(dialect, drafts, pointers, findings) + _virtual_end(drafts, pointers, findings)
    leaving = {node_id: draft.last() for node_id, draft in drafts.items()}
    edges = build_edges(graph.edges, leaving, pointers, findings)
    _use_fallback(edges, drafts, settings(graph).get("fallback_node"), findings)
    added += spread(drafts, edges)
    check_graph(drafts, edges, findings)
    return {"nodes": nodes + added, "edges": edges}


def _with_ids(raw_nodes: Iterable[Object], findings: Findings) -> dict[str, Object]:
    """Nodes by id; one without an id or with a used one gets a new id and is reported."""
    nodes: dict[str, Object] = {}
    taken: dict[str, int] = {}
    for index, raw in enumerate(raw_nodes):
        written = as_id(raw.get("id"))
        node_id = claim_id(written or f"node-{index + 1}", taken)
        if written is None:
            findings.add(
                "problem",
                node_id,
                "id",
                f"`nodes[{index}]` has no id and is named '{node_id}' now: edges could not mean it.",
            )
        elif written != node_id:
            findings.add(
                "problem",
                node_id,
                "id",
                f"Two nodes have the id '{written}'; the later one is '{node_id}' now: check its edges.",
            )
        nodes[node_id] = raw
    return nodes


def _exits(raw_edges: Iterable[Object]) -> dict[str, list[tuple[str, ...]]]:
    """Source node id → for each of its edges the names on it, the most binding first."""
    exits: dict[str, list[tuple[str, ...]]] = {}
    for raw in raw_edges:
        source, _ = edge_ends(raw)
        if source is not None:
            exits.setdefault(source, []).append(tuple(edge_names(raw)))
    return exits


def _node_source(
    node_id: str,
    raw: Object,
    dialect: str,
    exits: Mapping[str, list[tuple[str, ...]]],
    ids: frozenset[str],
    findings: Findings,
) -> NodeSource:
    fields = node_fields(raw)
    return NodeSource(node_id, raw, fields, node_type(raw), dialect, tuple(exits.get(node_id, ())), ids, findings)


def _read(node: NodeSource) -> Draft:
    """Translate one node and report what nobody read."""
    written = type_name(node.raw)
    reader = _READERS.get(node.type)
    if native_type(written) is None:
        node.note(
            "problem",
            "type",
            f"Node type '{written or 'none'}' is not known: replace the node by one that does the same.",
        )
    if node.type != "jump":
        point_onward(node)
    draft = (reader or effects.read_as_it_is)(node)
    if reader is not None:
        for name in node.rest():
            node.note("kept", name, f"Field '{name}' has no effect here; it stays with the node's source.")
    return draft


def _native_node(node: NodeSource, draft: Draft) -> Object:
    native: Object = {"id": node.id, "type": draft.type}
    place = position(node.raw)
    caption = talk.question_label(node.raw, draft.data.get("content")) if draft.type == "question" else label(node.raw)
    if place is not None:
        native["position"] = place
    if caption is not None:
        native["label"] = caption
    return native | {"data": draft.data, "source": node.raw}


def _missing_start(dialect: str, drafts: dict[str, Draft], pointers: list[Pointer], findings: Findings) -> list[Object]:
    """In dialects of pointers the first node of the list is the start."""
    if dialect not in {"R", "S"} or any(draft.type == "start" for draft in drafts.values()):
        return []
    first, start = next(iter(drafts)), claim_id("start", dict.fromkeys(drafts, 1))
    drafts[start] = Draft("start", {})
    pointers.append(Pointer(start, None, first, "nodes[0]"))
    findings.add(
        "changed",
        start,
        "nodes",
        f"The flow has no start node; one was added that leads to '{first}', the first node of the list.",
    )
    return [{"id": start, "type": "start", "data": {}}]


def _virtual_end(drafts: dict[str, Draft], pointers: list[Pointer], findings: Findings) -> list[Object]:
    """`next: "end"` without such a node means the end: no edge for the plain way, an end node "
    "for a choice."""
    if _VIRTUAL_END in drafts:
        return []
    ending = [pointer for pointer in pointers if pointer.target == _VIRTUAL_END]
    for pointer in ending:
        findings.add(
            "changed",
            pointer.source,
            pointer.field,
            f"'{pointer.field}' says 'end' and no such node exists; the flow ends there.",
        )
    pointers[:] = [pointer for pointer in pointers if pointer not in ending or pointer.handle is not None]
    if all(pointer.handle is None for pointer in ending):
        return []
    drafts[_VIRTUAL_END] = Draft("end", {})
    return [{"id": _VIRTUAL_END, "type": "end", "data": {}}]


def _use_fallback(edges: list[Object], drafts: Mapping[str, Draft], fallback: object, findings: Findings) -> None:
    """Lead edges with a missing target to the flow's own fallback node, if it has one."""
    target = as_id(fallback)
    if target not in drafts:
        return
    for edge in edges:
        if edge["target"] not in drafts:
            message = (
                f"The target '{edge['target']}' does not exist; the flow's fallback '{target}' is taken: "
                "draw the missing node."
            )
            findings.add("changed", str(edge["source"]), "target", message)
            edge["originalTarget"], edge["target"] = edge["target"], target
