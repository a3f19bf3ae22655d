"""Flows of other products as files and their native form: tests/data/flows/import/PRODUCT, NAME and NAME.expected.json.

Expected edges are `[source, handle, target]`, expected report lines `level node field: sentence`.
"""

import json
from pathlib import Path

import pytest

from services.executor.domain.document import parse_document
from services.executor.domain.importers import detect_dialect, import_flow, read_document

FOLDER = Path(__file__).parents[2] / "data" / "flows" / "import"
FILES = sorted(
    path for product in ("twilio", "pywce") for path in (FOLDER / product).iterdir() if ".expected." not in path.name
)


def _expected(path):
    return json.loads(path.with_name(f"{path.stem}.expected.json").read_text("utf-8"))


def _named(path):
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", FILES, ids=_named)
def test_a_flow_of_another_product_becomes_a_native_one(path):
    expected, imported = _expected(path), import_flow(read_document(path.read_bytes()))
    shown = [{key: value for key, value in node.items() if key != "source"} for node in imported.flow["nodes"]]
    assert shown == expected["nodes"]
    edges = [[edge["source"], edge.get("sourceHandle"), edge["target"]] for edge in imported.flow["edges"]]
    assert edges == expected["edges"]
    assert (imported.flow["name"], imported.report.dialect) == (expected["name"], expected["dialect"])
    assert parse_document(imported.flow).nodes


@pytest.mark.parametrize("path", FILES, ids=_named)
def test_its_report_says_what_changed_where_and_why(path):
    report = import_flow(read_document(path.read_bytes())).report
    assert [f"{item.level} {item.node_id or '-'} {item.field}: {item.message}" for item in report.items] == _expected(
        path
    )["report"]


@pytest.mark.parametrize("path", FILES, ids=_named)
def test_it_is_recognised_by_its_structure_and_the_result_is_native(path):
    source = read_document(path.read_bytes())
    assert detect_dialect(source) == _expected(path)["dialect"]
    flow = import_flow(source).flow
    assert import_flow(flow).flow is flow


@pytest.mark.parametrize("path", FILES, ids=_named)
def test_every_part_of_the_source_stays_with_the_result(path):
    source = read_document(path.read_bytes())
    kept = json.dumps(import_flow(source).flow)
    assert all(json.dumps(text)[1:-1] in kept for text in _texts(source))


def test_a_name_that_is_given_replaces_the_sources():
    source = read_document((FOLDER / "twilio" / "library.json").read_bytes())
    assert import_flow(source, name="Branch").flow["name"] == "Branch"


def _texts(value):
    """Every text of a JSON value, keys included, but for the names of the lists that became nodes."""
    if isinstance(value, str):
        yield value
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from () if key in {"states", "templates", "definition"} else [key]
        yield from _texts(inner)
    for inner in value if isinstance(value, list) else ():
        yield from _texts(inner)
