"""Flows on their way out: importing what was exported gives the same canonical document."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.executor.domain.document import canonical_json, parse_document
from services.executor.domain.exporters import export_flow
from services.executor.domain.importers import UnreadableFlow, detect_dialect, import_flow, read_document
from tests.unit.executor.generated_flows import documents

DATA = Path(__file__).parents[2] / "data" / "flows"
SOURCES = [*sorted((DATA / "imports").glob("*.json")), *sorted((DATA / "native").glob("*.json"))]
SOURCES += sorted(path for path in (DATA / "import").glob("*/*"))
FORMS = ("native", "envelope")

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
MORE = st.dictionaries(
    st.sampled_from(["description", "is_main", "canvas_data", "flow", "metadata", "source", "x"]),
    st.none() | st.text(max_size=4).filter(lambda text: "\0" not in text) | st.integers() | st.lists(st.booleans()),
    max_size=3,
)


def _again(document, form):
    """The canonical bytes of what was exported, written as JSON and imported."""
    exported = export_flow(document, form, exported_at="2030-01-02T03:04:05+00:00")
    return canonical_json(parse_document(import_flow(json.loads(json.dumps(exported))).flow))


@unhurried
@given(documents(), MORE, st.sets(st.sampled_from(["name", "settings", "variables", "edges"])), st.sampled_from(FORMS))
def test_importing_what_was_exported_gives_the_same_document(source, more, missing, form):
    source = {key: value for key, value in (source | more).items() if key not in missing}
    document = parse_document(source)
    assert _again(document, form) == canonical_json(document)


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if ".expected." not in path.name], ids=lambda path: path.name
)
@pytest.mark.parametrize("form", FORMS)
def test_an_imported_flow_survives_the_way_out_and_back(path, form):
    document = parse_document(import_flow(read_document(path.read_bytes())).flow)
    assert _again(document, form) == canonical_json(document)


def test_the_envelope_is_what_older_builders_read():
    nodes = [{"id": "s", "type": "start", "colour": "red"}]
    source = {
        "schema": "pytake.flow/1",
        "name": "Loja",
        "language": "pt_BR",
        "variables": {"a": 1},
        "nodes": nodes,
        "edges": [],
    }
    envelope = export_flow(
        parse_document(source | {"description": "d"}),
        "envelope",
        exported_at="2030-01-02",
        metadata={"chatbot_id": "c"},
    )
    assert envelope == {
        "format_version": "1.0",
        "exported_at": "2030-01-02",
        "flow": {
            "name": "Loja",
            "description": "d",
            "is_main": False,
            "canvas_data": {
                "schema": "pytake.flow/1",
                "language": "pt_BR",
                "nodes": nodes,
                "edges": [],
                "description": "d",
            },
            "variables": {"a": 1},
        },
        "metadata": {"chatbot_id": "c", "total_nodes": 1, "total_edges": 0},
    }
    assert detect_dialect(envelope) == "export"
    assert import_flow(envelope, name="Outra").flow["name"] == "Outra"


def test_the_native_form_is_in_canonical_order():
    source = {"edges": [], "nodes": [{"type": "start", "id": "s"}], "schema": "pytake.flow/1", "name": "n"}
    assert list(export_flow(parse_document(source))) == ["schema", "name", "nodes", "edges"]


def test_an_exported_flow_without_nodes_is_refused():
    empty = {"format_version": "1.0", "flow": {"canvas_data": {"schema": "pytake.flow/1", "nodes": []}}}
    with pytest.raises(UnreadableFlow, match="at least a start node"):
        import_flow(empty)
