"""Every node type has a golden flow with its test, and every way out of it is taken there; its page is fresh."""

import json
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from services.cli.flow.suites import Report, run_files
from services.executor.domain.document import Edge, FlowDocument, parse_document
from services.executor.domain.exits import MAIN_HANDLES
from services.executor.domain.flow_schema import flow_schema
from services.executor.domain.flowtest.coverage import edge_name
from services.executor.domain.lint import problems
from services.executor.domain.nodes import NODE_TYPES
from services.executor.domain.wiring import declared_exits
from tests.house.files import ROOT
from tools import flow_docs

FLOWS = ROOT / "tests" / "data" / "flows"
GOLDEN = FLOWS / "nodes"
SHIPPED = ROOT / "services" / "cli" / "flow" / "shipped"
TYPES = sorted(NODE_TYPES)


@cache
def report_of(name: str) -> Report:
    return run_files([GOLDEN / f"{name}.test.yaml"])


@cache
def document_of(name: str) -> FlowDocument:
    return parse_document(json.loads((GOLDEN / f"{name}.json").read_text()))


def taken_edges(name: str) -> list[Edge]:
    """The edges of the golden flow that leave a node of the type and that its test takes."""
    (coverage,) = report_of(name).coverage.values()
    document = document_of(name)
    sources = {node.id for node in document.nodes if node.type == name}
    return [edge for edge in document.edges if edge.source in sources and edge_name(edge) not in coverage.missing_edges]


def test_every_node_type_has_a_golden_flow_and_no_other_lies_there() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.json")) == TYPES
    assert sorted(path.name.removesuffix(".test.yaml") for path in GOLDEN.glob("*.test.yaml")) == TYPES


@pytest.mark.parametrize("name", TYPES)
def test_the_golden_run_of_a_node_type_holds_and_comes_by_all_of_its_flow(name: str) -> None:
    report = report_of(name)
    assert [case.failure for suite in report.suites for case in suite.failed] == []
    (coverage,) = report.coverage.values()
    assert (coverage.missing_nodes, coverage.missing_edges) == ((), ())
    assert [finding for finding in problems(document_of(name)) if finding.severity == "error"] == []


@pytest.mark.parametrize("name", TYPES)
def test_every_way_out_that_a_type_tells_of_is_taken_in_its_golden_run(name: str) -> None:
    handles = {edge.source_handle or "next" for edge in taken_edges(name)}
    named = {way for way in NODE_TYPES[name].ways if "<" not in way}
    assert named - handles == set()
    for way in set(NODE_TYPES[name].ways) - named:
        prefix = way.partition("<")[0]
        others = [handle for handle in handles if handle.startswith(prefix) and handle not in named]
        assert others if prefix else [handle for handle in others if ":" not in handle], way


@pytest.mark.parametrize("name", TYPES)
def test_every_exit_that_a_type_declares_is_taken_in_its_golden_run(name: str) -> None:
    taken = {(edge.source_handle or "next").casefold() for edge in taken_edges(name)}
    declared = [way for node in document_of(name).nodes if node.type == name for way in declared_exits(node)]
    missing = [way.handles for way in declared if not {handle.casefold() for handle in way.handles} & taken]
    assert [handles for handles in missing if not set(handles) & MAIN_HANDLES] == []


@pytest.mark.parametrize(
    "path", [*sorted(FLOWS.glob("n*/**/*.json")), *sorted(SHIPPED.glob("*.json"))], ids=lambda path: path.name
)
def test_a_flow_of_ours_is_as_the_published_schema_says(path: Path) -> None:
    errors = Draft202012Validator(flow_schema()).iter_errors(json.loads(path.read_text()))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"schema": "pytake.flow/2"}, "$.schema"),
        ({"nodes": {}}, "$.nodes"),
        (
            {"nodes": [{"id": "q", "type": "question", "data": {"kind": "poem", "content": "?"}}]},
            "$.nodes[0].data.kind",
        ),
        ({"nodes": [{"id": "q", "type": "question"}]}, "$.nodes[0]"),
        ({"edges": [{"source": "q"}]}, "$.edges[0]"),
        ({"settings": {"inactivity": {"then": "shout"}}}, "$.settings.inactivity.then"),
    ],
)
def test_the_published_schema_refuses_what_is_no_flow(changes: dict[str, object], path: str) -> None:
    document = {"schema": "pytake.flow/1", "nodes": [], "edges": [], **changes}
    assert [error.json_path for error in Draft202012Validator(flow_schema()).iter_errors(document)] == [path]


def test_the_schema_is_sound_and_knows_every_node_type() -> None:
    schema = flow_schema()
    Draft202012Validator.check_schema(schema)
    assert {f"data.{name}" for name in TYPES} <= set(schema["$defs"])  # type: ignore[arg-type]


def test_the_published_schema_and_the_page_of_nodes_are_fresh() -> None:
    assert flow_docs.SCHEMA.read_text() == flow_docs.schema_text(), "run tools/flow_docs.py"
    assert flow_docs.PAGE.read_text() == flow_docs.page(), "run tools/flow_docs.py"


def test_files_that_are_not_fresh_are_found_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_docs, "ROOT", tmp_path)
    monkeypatch.setattr(flow_docs, "SCHEMA", tmp_path / "flow.schema.json")
    monkeypatch.setattr(flow_docs, "PAGE", tmp_path / "nodes.md")

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["flow_docs.py", *arguments])
        return flow_docs.main()

    assert [run("--check"), run(), run("--check")] == [1, 0, 0]
