"""Each dialect as a flow file and its native form: tests/data/flows/imports, NAME.json and NAME.expected.json.

Expected report lines are `level node-or-dash field`; the sentences are tested where they matter.
"""

import json
from pathlib import Path

import pytest

from services.executor.domain.importers import detect_dialect, import_flow

FOLDER = Path(__file__).parents[2] / "data" / "flows" / "imports"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json") if not path.name.endswith(".expected.json"))


def _read(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def _shown(flow, key):
    return [{name: value for name, value in node.items() if name != "source"} for node in flow[key]]


@pytest.mark.parametrize("name", NAMES)
def test_a_flow_of_each_dialect_becomes_its_native_form(name):
    expected, imported = _read(f"{name}.expected"), import_flow(_read(name))
    assert _shown(imported.flow, "nodes") == expected["nodes"]
    assert imported.flow["edges"] == expected["edges"]
    assert [imported.flow.get(key) for key in ("name", "language", "settings", "variables")] == [
        expected[key] for key in ("name", "language", "settings", "variables")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_report_says_what_changed_and_where(name):
    report = import_flow(_read(name)).report
    assert [f"{item.level} {item.node_id or '-'} {item.field}" for item in report.items] == _read(f"{name}.expected")[
        "report"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_dialect_is_recognised(name):
    expected = _read(f"{name}.expected")["dialect"]
    assert (detect_dialect(_read(name)), import_flow(_read(name)).report.dialect) == (expected, expected)


def test_every_dialect_has_a_file():
    seen = {_read(f"{name}.expected")["dialect"] for name in NAMES}
    assert seen == {"P", "B", "B2", "T", "G", "S", "Q", "A", "V", "V2", "R", "M", "export"}


@pytest.mark.parametrize("name", NAMES)
def test_an_imported_flow_is_native_and_passes_through_untouched(name):
    flow = import_flow(_read(name)).flow
    again = import_flow(flow)
    assert again.flow is flow
    assert (again.report.dialect, again.report.items) == ("native", ())


def test_the_source_stays_with_the_result():
    source = _read("plan")
    flow = import_flow(source).flow
    assert [node["source"] for node in flow["nodes"]] == source["nodes"]
    assert flow["source"] == {"id": "f1", "name": "Reserva de mesa"}


def test_an_export_says_in_its_name_that_it_was_imported_unless_a_name_is_given():
    assert import_flow(_read("envelope")).flow["name"] == "Cinema (Imported)"
    assert import_flow(_read("envelope"), name="Sessões").flow["name"] == "Sessões"
