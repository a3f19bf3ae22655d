"""Finds the graph, its name, variables and settings wherever an export put them."""

from dataclasses import dataclass

from services.executor.domain.importers.report import Findings, UnreadableFlow
from services.executor.domain.importers.values import Object, as_id, as_list, as_number, as_object, as_text

# First place that holds `nodes` wins.
_PLACES = (
    (),
    ("canvas_data",),
    ("flow", "canvas_data"),
    ("flow",),
    ("flow_data", "canvas_data"),
    ("flow_data",),
)
_GRAPH_KEYS = frozenset({"nodes", "edges"})
_LONGEST_MINUTES = 100_000
_DECLARATION_KEYS = frozenset({"type", "required", "values", "default", "description", "label", "options"})


@dataclass(frozen=True, slots=True)
class Graph:
    """The graph as found: `holders` are the objects around it, innermost first."""

    place: tuple[str, ...]
    nodes: tuple[Object, ...]
    edges: tuple[Object, ...]
    holders: tuple[Object, ...]


def find_graph(source: object, findings: Findings) -> Graph:
    """Read the graph; UnreadableFlow when there is no object or no node in any known place."""
    if not isinstance(source, dict):
        raise UnreadableFlow("The file is not a flow: give a JSON object that holds `nodes` and `edges`.")
    place, holders = locate(source)
    if holders:
        return _read_graph(place, holders, findings)
    raise UnreadableFlow("No `nodes` were found: export the flow with its canvas, a list named `nodes`, and try again.")


def locate(document: Object) -> tuple[tuple[str, ...], tuple[Object, ...]]:
    """The keys that lead to the graph and the objects on that way, innermost first; empty when there is none."""
    for place in _PLACES:
        holders = _walk(document, place)
        if holders and isinstance(holders[0].get("nodes"), list | dict):
            return place, holders
    return (), ()


def flow_name(graph: Graph) -> str | None:
    names = (as_text(holder.get(key)) for holder in graph.holders for key in ("name", "flow_name", "title"))
    return next((name for name in names if name and name.strip()), None)


def flow_language(graph: Graph) -> str | None:
    tagged = (*graph.holders, *(as_object(holder.get("metadata")) for holder in graph.holders))
    languages = (holder.get("language") for holder in tagged)
    return next((language for language in languages if isinstance(language, str) and language), None)


def initial_variables(graph: Graph, findings: Findings) -> Object:
    """name → first value; a declaration {type, required, values} starts with its default or empty."""
    variables: Object = {}
    for name, value in _declared(graph):
        if isinstance(value, dict) and "type" in value and value.keys() <= _DECLARATION_KEYS:
            findings.add(
                "changed",
                "",
                f"variables.{name}",
                f"Variable '{name}' is only declared; it starts with its default or empty.",
            )
            variables[name] = value.get("default", "")
        else:
            variables[name] = value
    return variables


def settings(graph: Graph) -> Object:
    return next((as_object(holder["settings"]) for holder in graph.holders if as_object(holder.get("settings"))), {})


def native_settings(graph: Graph, findings: Findings) -> Object:
    """The settings with the old runtime's words for time in ours; what has no effect is said."""
    found = dict(settings(graph))
    minutes = as_number(found.get("timeout_minutes"))
    if minutes is not None and 0 < minutes <= _LONGEST_MINUTES:
        del found["timeout_minutes"]
        message = f"'timeout_minutes' is now 'session_ttl_seconds', {minutes} minutes after the last message."
        findings.add("changed", "", "settings.timeout_minutes", message)
        found["session_ttl_seconds"] = int(minutes * 60)
    for name in ("max_iterations", "max_duration", "allow_handoff"):
        if name in found:
            message = f"Setting '{name}' has no effect: the limits of a turn are the house's."
            findings.add("kept", "", f"settings.{name}", message)
    return found


def other_keys(source: Object, graph: Graph) -> Object:
    """The source document without its nodes and edges, in its own nesting."""
    if not graph.place:
        return {key: value for key, value in source.items() if key not in _GRAPH_KEYS}
    head, rest = graph.place[0], Graph(graph.place[1:], (), (), ())
    inner = other_keys(as_object(source.get(head)), rest)
    return {key: inner if key == head else value for key, value in source.items()}


def _walk(source: Object, place: tuple[str, ...]) -> tuple[Object, ...]:
    holders: list[Object] = [source]
    for key in place:
        inner = holders[0].get(key)
        if not isinstance(inner, dict):
            return ()
        holders.insert(0, inner)
    return tuple(holders)


def _read_graph(place: tuple[str, ...], holders: tuple[Object, ...], findings: Findings) -> Graph:
    nodes = _objects("nodes", holders[0].get("nodes"), findings)
    if not nodes:
        raise UnreadableFlow("The list `nodes` holds no node: add at least a start node and export the flow again.")
    return Graph(place, nodes, _objects("edges", holders[0].get("edges"), findings), holders)


def _objects(name: str, value: object, findings: Findings) -> tuple[Object, ...]:
    """The objects of a list, or of an object keyed by id; anything else is reported as dropped."""
    if isinstance(value, dict):
        keyed = value.items()
        value = [
            {"id": key, **inner} if isinstance(inner, dict) and as_id(inner.get("id")) is None else inner
            for key, inner in keyed
        ]
    elif value is not None and not isinstance(value, list):
        findings.add("dropped", "", name, f"`{name}` is not a list and was not read: make it a list of objects.")
    for index, item in enumerate(as_list(value)):
        if not isinstance(item, dict):
            findings.add(
                "dropped",
                "",
                f"{name}[{index}]",
                f"`{name}[{index}]` is not an object and was dropped: write it as an object.",
            )
    return tuple(item for item in as_list(value) if isinstance(item, dict))


def _declared(graph: Graph) -> list[tuple[str, object]]:
    for holder in graph.holders:
        variables = holder.get("variables")
        if isinstance(variables, dict) and variables:
            return list(variables.items())
        named = [(as_text(as_object(item).get("name")), as_object(item)) for item in as_list(variables)]
        if any(name for name, _ in named):
            return [(name, item.get("value", item.get("default", ""))) for name, item in named if name]
    return []
