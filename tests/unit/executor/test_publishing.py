"""What publishing means for people who are in older versions: which nodes stay, change or go, and who needs a move."""

import copy
from typing import Any

import pytest

from services.executor.domain.document import FlowDocument, parse_document
from services.executor.domain.nodes import NODE_TYPES, NodeType
from services.executor.domain.nodes.node_type import main_exit
from services.executor.domain.publishing import (
    Ground,
    NodePeople,
    Stand,
    gone_nodes,
    impact_of,
    problems_of_moves,
    sentence_on,
)
from services.executor.domain.turn import Holding

FIRST: dict[str, Any] = {
    "schema": "pytake.flow/1",
    "name": "chá",
    "nodes": [
        {"id": "s", "type": "start"},
        {"id": "oi", "type": "message", "data": {"content": "Oi!"}},
        {"id": "nome", "type": "question", "data": {"content": "Nome?", "variableName": "nome"}},
        {"id": "sabor", "type": "question", "data": {"content": "Sabor?", "variableName": "sabor"}},
        {"id": "fim", "type": "end", "data": {}},
    ],
    "edges": [
        {"source": "s", "target": "oi"},
        {"source": "oi", "target": "nome"},
        {"source": "nome", "target": "sabor"},
        {"source": "sabor", "target": "fim"},
    ],
}


def document(change: dict[str, Any] | None = None, without: str = "", **data: dict[str, Any]) -> FlowDocument:
    """FIRST with other data of nodes, other top-level keys, or without a node."""
    source = copy.deepcopy(FIRST) | (change or {})
    for node in source["nodes"]:
        node.update(data.get(node["id"], {}))
    source["nodes"] = [node for node in source["nodes"] if node["id"] != without]
    source["edges"] = [
        edge | {"target": "fim" if edge["target"] == without else edge["target"]}
        for edge in source["edges"]
        if edge["source"] != without
    ]
    return parse_document(source)


def test_a_node_stays_when_type_data_and_ways_out_are_the_same() -> None:
    after = document(nome={"data": {"content": "Seu nome?", "variableName": "nome"}}, oi={"position": {"x": 1, "y": 1}})
    stands = [Stand(1, "nome", 3), Stand(1, "sabor", 2), Stand(1, None, 1)]

    assert impact_of(stands, {1: document()}, Ground(after)) == [
        NodePeople(1, "nome", "question", 3, "changes"),
        NodePeople(1, "sabor", "question", 2, "stays"),
        NodePeople(1, "", "", 1, "stays"),
    ]


def test_another_way_out_changes_a_node() -> None:
    edges = [*FIRST["edges"][:-1], {"source": "sabor", "target": "nome"}]

    (found,) = impact_of([Stand(1, "sabor", 1)], {1: document()}, Ground(document({"edges": edges})))

    assert found.fate == "changes"


def test_a_node_that_is_not_there_goes_and_needs_a_move() -> None:
    ground = Ground(document(without="sabor"))
    stands = [Stand(2, "sabor", 4), Stand(1, "sabor", 1), Stand(1, "nome", 7)]
    documents = {1: document(), 2: document()}

    assert [found.fate for found in impact_of(stands, documents, ground)] == ["goes", "goes", "changes"]
    assert gone_nodes(stands, documents, ground) == {"sabor": 5}


def test_a_question_that_goes_needs_a_move_though_nobody_stands_on_it_and_a_message_does_not() -> None:
    assert gone_nodes([], {1: document()}, Ground(document(without="sabor"))) == {"sabor": 0}
    assert gone_nodes([], {1: document()}, Ground(document(without="oi"))) == {}
    # With the window closed somebody may stand on a message all the same.
    assert gone_nodes([Stand(1, "oi", 1)], {1: document()}, Ground(document(without="oi"))) == {"oi": 1}


def test_a_place_that_its_own_version_does_not_have_is_no_accident() -> None:
    stands = [Stand(1, "nowhere", 2), Stand(1, "fim", 1)]

    assert [found.fate for found in impact_of(stands, {1: document()}, Ground(document()))] == ["goes", "stays"]


def test_moves_lead_from_nodes_there_were_to_nodes_there_are() -> None:
    ground, documents = Ground(document(without="sabor")), {1: document()}

    assert list(problems_of_moves({"sabor": "nome"}, documents, ground)) == []
    assert list(problems_of_moves({"sabor": "gone", "typo": "nome"}, documents, ground)) == [
        "sabor leads to gone, which the new version does not have",
        "no version that people are in has the node typo",
    ]


def test_nobody_is_put_on_a_node_that_began_something_when_it_was_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    holding = NodeType(
        summary="Waits for something.",
        schema={},
        ways={},
        compile=lambda node, plan: Holding(enter=lambda turn: None, wake=lambda turn, event: None),
        exits=main_exit("next"),
    )
    monkeypatch.setitem(NODE_TYPES, "pause", holding)
    after = document(sabor={"type": "pause"})
    ground, documents, stands = Ground(after), {1: document()}, [Stand(1, "sabor", 2)]

    assert gone_nodes(stands, documents, ground) == {"sabor": 2}
    (problem,) = problems_of_moves({"nome": "sabor"}, documents, ground)
    assert "waits for something that has not begun" in problem
    # Whoever waits there already goes on waiting.
    assert gone_nodes(stands, {1: after}, ground) == {}


def test_a_document_that_cannot_run_yet_has_an_impact_too() -> None:
    broken = document({"edges": [{"source": "s", "target": "nowhere"}]}, without="sabor")

    assert gone_nodes([Stand(1, "sabor", 1)], {1: document()}, Ground(broken)) == {"sabor": 1}


def test_nodes_are_named_with_their_people_and_not_too_many_of_them() -> None:
    assert sentence_on({"a": 0, "b": 2, "c": 1}) == "b (2 people), c (1 person), a (0 people)"
    assert sentence_on({f"n{number:02}": 0 for number in range(25)}).endswith("n19 (0 people), and 5 more")
