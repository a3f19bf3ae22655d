"""Importing holds for any JSON: it never raises but UnreadableFlow, is pure and repeatable, and loses nothing."""

import copy
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.executor.domain.importers import UnreadableFlow, detect_dialect, import_flow

FOLDER = Path(__file__).parents[2] / "data" / "flows" / "imports"
SOURCES = [
    json.loads(path.read_text("utf-8"))
    for path in sorted(FOLDER.glob("*.json"))
    if not path.name.endswith(".expected.json")
]
IDS = st.sampled_from(["a", "b", "c", "end", "start", 1, 2])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just("{{x}}")
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "id", "type", "data", "config", "content", "message", "text", "buttons", "sections", "options", "validation",
        "conditions", "condition", "cases", "variable", "variables", "paths", "weights", "next", "trueNodeId",
        "position", "label", "actions", "actionType", "operator", "value", "delay", "duration", "unit", "nodeType",
    ]
)  # fmt: skip
TYPES = st.sampled_from(
    [
        "start", "message", "question", "condition", "switch", "buttons", "interactive_list", "random", "jump",
        "set_variable", "delay", "api_call", "action", "handoff", "end", "script", "ai_prompt", "datetime", "default",
        "trigger_keyword", "msg_text", "db_query", "mystery",
    ]
)  # fmt: skip
FIELDS = st.dictionaries(KEYS, JSON | IDS | st.lists(st.dictionaries(KEYS, SCALARS | IDS, max_size=4)), max_size=6)
NODES = st.lists(st.fixed_dictionaries({"id": IDS, "type": TYPES, "data": FIELDS}) | JSON, min_size=1, max_size=5)
EDGES = st.lists(
    st.fixed_dictionaries(
        {"source": IDS, "target": IDS},
        optional={"id": IDS, "sourceHandle": st.sampled_from(["true", "no", "condition-0", "zz"]), "label": JSON},
    )
    | JSON,
    max_size=6,
)
GRAPHS = st.fixed_dictionaries({"nodes": NODES}, optional={"edges": EDGES, "variables": JSON, "settings": JSON})


# A busy machine is no failure of the code.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _import(source):
    try:
        return import_flow(source)
    except UnreadableFlow:
        return None


@unhurried
@given(JSON)
def test_any_json_value_is_imported_or_refused(source):
    assert detect_dialect(source)
    imported = _import(source)
    assert imported is None or imported.flow["nodes"]


@unhurried
@given(GRAPHS)
def test_any_graph_becomes_a_native_flow_and_its_source_is_left_alone(source):
    before = copy.deepcopy(source)
    imported = _import(source)
    assert repr(source) == repr(before)
    if imported is not None:
        assert all(isinstance(node["id"], str) and isinstance(node["data"], dict) for node in imported.flow["nodes"])
        assert repr(_import(before)) == repr(imported)
        assert _import(imported.flow).flow is imported.flow


@unhurried
@given(GRAPHS)
def test_every_node_and_edge_of_the_source_is_in_the_result_or_reported_as_dropped(source):
    imported = _import(source)
    if imported is None:
        assert not any(isinstance(node, dict) for node in source["nodes"])
        return
    dropped = [item.field for item in imported.report.at("dropped")]
    read_nodes = [node["source"] for node in imported.flow["nodes"] if "source" in node]
    lost_nodes = [field for field in dropped if field.startswith("nodes[")]
    assert len(read_nodes) + len(lost_nodes) == len(source["nodes"])
    lost_edges = [field for field in dropped if field.startswith("edges[")]
    drawn = [edge for edge in source.get("edges", []) if isinstance(edge, dict) and {"source", "target"} <= edge.keys()]
    kept = {edge["id"] for edge in imported.flow["edges"]}
    assert len(kept) == len(imported.flow["edges"])
    assert len(kept) >= len(drawn)
    assert len(kept) + len(lost_edges) >= len(source.get("edges", []))


@unhurried
@given(st.sampled_from(SOURCES), st.data())
def test_a_damaged_flow_is_imported_or_refused(source, data):
    damaged = copy.deepcopy(source)
    for _ in range(data.draw(st.integers(1, 3))):
        _damage(damaged, data)
    detect_dialect(damaged)
    imported = _import(damaged)
    assert imported is None or imported.report.dialect


def _damage(value, data):
    """Walk down at random and replace, remove or rename what is there."""
    holder, key = None, None
    while isinstance(value, dict | list) and value and data.draw(st.integers(0, 5)):
        holder = value
        key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        value = holder[key]
    if holder is None:
        return
    if data.draw(st.booleans()):
        holder[key] = data.draw(JSON)
    else:
        del holder[key]
