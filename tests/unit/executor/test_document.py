"""The native document: what is refused as structure, what is kept, and its canonical bytes."""

import json
from typing import Any

import pytest

from services.executor.domain.document import (
    MAX_EDGES,
    MAX_FINDINGS,
    MAX_NODES,
    canonical_json,
    digest,
    parse_document,
)
from services.executor.domain.finding import InvalidFlow

GOOD: dict[str, Any] = {
    "zeta": {"b": 1, "a": [{"d": 1, "c": 2}]},
    "edges": [{"target": "b", "animated": True, "source": "a", "label": " Sim "}],
    "nodes": [
        {"width": 3, "data": {"z": "ç", "a": None}, "type": "start", "id": "a", "position": {"y": 1, "x": 2.5}},
        {"id": "b", "type": "end"},
    ],
    "name": "Ação",
    "schema": "pytake.flow/1",
}


def test_the_canonical_form_orders_known_keys_first_and_keeps_unknown_ones() -> None:
    written = canonical_json(parse_document(GOOD)).decode()
    assert written == (
        '{"schema":"pytake.flow/1","name":"Ação","nodes":[{"id":"a","type":"start","position":{"x":2.5,"y":1},'
        '"data":{"a":null,"z":"ç"},"width":3},{"id":"b","type":"end"}],"edges":[{"source":"a","target":"b",'
        '"label":" Sim ","animated":true}],"zeta":{"a":[{"c":2,"d":1}],"b":1}}'
    )
    assert json.loads(written) == GOOD


def test_the_canonical_form_of_the_canonical_form_is_itself() -> None:
    document = parse_document(GOOD)
    again = parse_document(json.loads(canonical_json(document)))
    assert canonical_json(again) == canonical_json(document)
    assert digest(again) == digest(document)
    assert len(digest(document)) == 64


def test_an_edge_without_id_gets_one_in_the_view_only() -> None:
    document = parse_document(GOOD)
    assert [(edge.id, edge.label) for edge in document.edges] == [("edge-1", "Sim")]
    assert b"edge-1" not in canonical_json(document)


def test_a_document_is_not_changed_with_what_it_was_read_from() -> None:
    source = json.loads(json.dumps(GOOD))
    document = parse_document(source)
    source["nodes"][0]["data"]["z"] = "other"
    assert document.nodes[0].data["z"] == "ç"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema": "other"}, '"schema"'),
        ({"name": 3}, '"name"'),
        ({"language": []}, '"language"'),
        ({"settings": []}, '"settings"'),
        ({"variables": "x"}, '"variables"'),
        ({"nodes": {}}, '"nodes"'),
        ({"edges": "x"}, '"edges"'),
        ({"nodes": ["x"]}, "Node number 1"),
        ({"nodes": [{"id": "", "type": "end"}]}, '"id"'),
        ({"nodes": [{"id": "a"}]}, '"type"'),
        ({"nodes": [{"id": "a", "type": "end", "data": []}]}, '"data"'),
        ({"edges": [7]}, "Edge number 1"),
        ({"edges": [{"source": "a"}]}, '"target"'),
        ({"zeta": float("nan")}, "not finite"),
        ({"zeta": "\x00"}, "NUL"),
        ({"zeta": (1, 2)}, "no JSON value"),
        ({"zeta": {3: "x"}}, "a key"),
        ({"zeta": {"\ud800": 1}}, "NUL"),
    ],
)
def test_a_wrong_structure_is_refused_by_naming_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFlow) as caught:
        parse_document({**GOOD, **change})
    assert [finding for finding in caught.value.findings if field in finding.message]
    assert all(finding.mend for finding in caught.value.findings)


def test_a_document_too_deep_or_no_object_is_refused() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(InvalidFlow, match="nested deeper"):
        parse_document({**GOOD, "zeta": deep})
    with pytest.raises(InvalidFlow, match="not a JSON object"):
        parse_document([GOOD])


def test_every_structural_fault_is_listed_at_once() -> None:
    with pytest.raises(InvalidFlow) as caught:
        parse_document({"schema": "x", "nodes": [{"type": "end"}, {"id": "a"}]})
    assert len(caught.value.findings) == 3


@pytest.mark.parametrize(("key", "most"), [("nodes", MAX_NODES), ("edges", MAX_EDGES)])
def test_a_flow_has_only_so_many_nodes_and_edges(key: str, most: int) -> None:
    one = {"nodes": {"id": "a", "type": "end"}, "edges": {"source": "a", "target": "b"}}[key]
    parse_document(GOOD | {key: [one] * most})

    with pytest.raises(InvalidFlow) as caught:
        parse_document(GOOD | {key: [one] * (most + 1)})
    assert [finding.message for finding in caught.value.findings] == [
        f"The flow has {most + 1} {key}; {most} are allowed."
    ]


def test_of_very_many_faults_the_first_are_told() -> None:
    with pytest.raises(InvalidFlow) as caught:
        parse_document(GOOD | {"nodes": [1] * MAX_NODES})
    assert len(caught.value.findings) == MAX_FINDINGS
