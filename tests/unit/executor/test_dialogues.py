"""Golden dialogues: a flow, what the contact does, what the bot says, where the conversation stands."""

from itertools import pairwise
from typing import Any

import pytest
import yaml

from services.executor.domain.conditions import OPERATORS, compile_rule
from services.executor.domain.variables import Scope
from tests.unit.executor.dialogues import FLOWS, Dialogue, all_dialogues, document_of, event_of, flow_of, plain, take

DIALOGUES = list(all_dialogues())
OPERATOR_ROWS = yaml.safe_load((FLOWS / "operators.yaml").read_text())


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=str)
def test_the_bot_answers_as_written(dialogue: Dialogue) -> None:
    flow, session = flow_of(dialogue.flow), None
    for number, turn in enumerate(dialogue.turns, start=1):
        outcome = take(flow, session, event_of(turn), limits=dialogue.limits, context=dialogue.context)
        session = outcome.session
        said = [plain(command) for command in outcome.commands]
        happened = {
            "bot": _shortened(said, turn.get("bot", [])),
            "node": session.current_node_id,
            "variables": dict(session.variables),
            "path": list(session.execution_path),
            "wrong": [failure.code for failure in outcome.trace.failures],
            "notes": [note.code for note in outcome.trace.notes],
            "selected": session.selected_option,
        }
        expected = {"wrong": [], "notes": [], **{key: turn[key] for key in turn if key in happened}}
        assert {key: happened[key] for key in expected} == expected, f"turn {number}"
        assert session.is_active == session.awaiting_input == (session.current_node_id is not None)


def _shortened(said: list[Any], wanted: list[Any]) -> list[Any]:
    """Where a file names only the body of a menu, compare only that."""
    pairs = zip(said, [*wanted, *[None] * len(said)], strict=False)
    return [
        {"body": item["body"]} if isinstance(item, dict) and isinstance(want, dict) and list(want) == ["body"] else item
        for item, want in pairs
    ]


def test_the_dialogues_walk_every_edge() -> None:
    walked: dict[str, set[tuple[str, str]]] = {}
    for dialogue in DIALOGUES:
        flow, session = flow_of(dialogue.flow), None
        for turn in dialogue.turns:
            session = take(flow, session, event_of(turn), limits=dialogue.limits).session
            walked.setdefault(dialogue.flow, set()).update(pairwise(session.execution_path))
    documents = {name: document_of(name) for name in walked}
    edges = {(name, edge.source, edge.target) for name, document in documents.items() for edge in document.edges}
    assert edges - {(name, *pair) for name, pairs in walked.items() for pair in pairs} == set()


@pytest.mark.parametrize(("value", "operator", "other", "holds"), OPERATOR_ROWS)
def test_an_operator_holds_or_not(value: Any, operator: str, other: Any, holds: bool) -> None:
    test = compile_rule({"variable": "{{ x }}", "operator": operator, "value": other})
    variables = {} if value is None else {"x": value}
    assert test(Scope(variables, {})) is holds


def test_every_operator_has_a_row_that_holds_and_one_that_does_not() -> None:
    assert {(row[1], row[3]) for row in OPERATOR_ROWS} == {
        (name, holds) for name in OPERATORS for holds in (True, False)
    }
