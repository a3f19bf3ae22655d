"""How two documents differ: told by node and field, and never longer than somebody reads."""

import copy
import json
from typing import Any

from hypothesis import given, settings

from services.executor.domain.diff import MOST_CHANGES, MOST_VALUE, Difference, EdgeChange, FieldChange, difference_of
from services.executor.domain.document import parse_document
from tests.unit.executor.generated_flows import documents

BEFORE: dict[str, Any] = {
    "schema": "pytake.flow/1",
    "name": "padaria",
    "language": "pt_BR",
    "settings": {"timezone": "America/Sao_Paulo"},
    "variables": {"loja": "Centro"},
    "viewport": {"x": 1, "y": 2},
    "nodes": [
        {"id": "s", "type": "start", "position": {"x": 0, "y": 0}},
        {"id": "q", "type": "question", "data": {"content": "Qual pão?", "validation": {"min_length": 2}}},
        {"id": "tchau", "type": "end", "data": {"content": "Tchau"}},
    ],
    "edges": [
        {"id": "1", "source": "s", "target": "q"},
        {"id": "2", "source": "q", "target": "tchau", "sourceHandle": "answered"},
    ],
}


def diff(before: dict[str, Any] | None, after: dict[str, Any]) -> Difference:
    return difference_of(parse_document(before) if before else None, parse_document(after))


def changed(change: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(BEFORE) | change


def test_the_same_document_differs_in_nothing() -> None:
    assert diff(BEFORE, copy.deepcopy(BEFORE)) == Difference()


def test_a_node_that_changed_is_told_by_its_fields() -> None:
    after = copy.deepcopy(BEFORE)
    after["nodes"][0]["position"]["x"] = 9
    after["nodes"][1]["data"] = {"content": "Qual bolo?", "validation": {"min_length": 2, "max_length": 9}}
    after["nodes"][1]["type"] = "buttons"

    found = diff(BEFORE, after)

    moved, asked = found.changed_nodes
    assert (moved.node_id, moved.fields) == ("s", (FieldChange("position.x", "0", "9"),))
    assert (asked.node_id, asked.node_type) == ("q", "buttons")
    assert asked.fields == (
        FieldChange("type", '"question"', '"buttons"'),
        FieldChange("data.content", '"Qual pão?"', '"Qual bolo?"'),
        FieldChange("data.validation.max_length", "", "9"),
    )
    assert (found.added_nodes, found.removed_nodes, found.added_edges) == ((), (), ())


def test_nodes_and_edges_come_and_go() -> None:
    after = copy.deepcopy(BEFORE)
    after["nodes"][2] = {"id": "fim", "type": "end"}
    after["edges"][1] |= {"target": "fim"}
    after["edges"][0] |= {"id": "another", "animated": True}

    found = diff(BEFORE, after)

    assert [(node.node_id, node.node_type) for node in found.added_nodes] == [("fim", "end")]
    assert [(node.node_id, node.node_type) for node in found.removed_nodes] == [("tchau", "end")]
    assert found.added_edges == (EdgeChange("q", "fim", "answered", ""),)
    assert found.removed_edges == (EdgeChange("q", "tchau", "answered", ""),)


def test_settings_variables_and_the_rest_are_told_apart() -> None:
    found = diff(
        BEFORE,
        changed({"settings": {"fallback_node": "q"}, "variables": {"loja": True}, "viewport": {"x": 1, "y": 2.0}}),
    )

    assert found.settings == (
        FieldChange("settings.fallback_node", "", '"q"'),
        FieldChange("settings.timezone", '"America/Sao_Paulo"', ""),
    )
    assert found.variables == (FieldChange("variables.loja", '"Centro"', "true"),)
    assert found.others == (FieldChange("viewport.y", "2", "2.0"),)


def test_from_nothing_everything_is_new() -> None:
    found = diff(None, BEFORE)

    assert [node.node_id for node in found.added_nodes] == ["s", "q", "tchau"]
    assert len(found.added_edges) == 2
    assert not found.removed_nodes


def test_a_long_value_is_cut_and_a_deep_one_told_as_a_whole() -> None:
    deep: Any = {"end": 1}
    for _ in range(30):
        deep = {"in": deep}
    other = json.loads(json.dumps(deep).replace("1", "2"))

    found = diff(
        changed({"deep": deep, "k" * 300: {"a": 1}}), changed({"deep": other, "k" * 300: {"a": 2}, "long": "x" * 9_000})
    )

    by_path = {change.path: change for change in found.others}
    assert len(by_path["long"].after) == MOST_VALUE
    (path,) = [path for path in by_path if path.startswith("deep")]
    assert path.count(".") == 8
    assert by_path["k" * 200].after == '{"a":2}'


def test_very_many_changes_are_cut_and_the_answer_says_so() -> None:
    many = {f"v{number}": number for number in range(MOST_CHANGES + 1)}

    found = diff(BEFORE, changed({"variables": many | {"loja": "Centro"}}))

    assert (len(found.variables), found.is_cut) == (MOST_CHANGES, True)


@given(documents(), documents())
@settings(deadline=None)
def test_what_is_added_one_way_is_removed_the_other_way(one: dict[str, Any], other: dict[str, Any]) -> None:
    there, back = diff(one, other), diff(other, one)

    assert {node.node_id for node in there.added_nodes} == {node.node_id for node in back.removed_nodes}
    assert sorted(map(repr, there.added_edges)) == sorted(map(repr, back.removed_edges))
    assert [node.node_id for node in there.changed_nodes] == sorted(
        (node.node_id for node in back.changed_nodes),
        key=[node.node_id for node in there.changed_nodes].index,
    )
    assert diff(one, one) == Difference()
