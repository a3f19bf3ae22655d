"""`pytake flow` on files, without a house: test, lint, schema, templates; and replay, with one."""

import json
from pathlib import Path
from uuid import uuid5
from xml.etree import ElementTree

import pytest
from click.testing import Result
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from services.cli.app import app
from services.cli.flow.suites import run_files
from services.cli.flow.templates import SHIPPED, shipped_flows
from services.cli.flow.yaml_file import load_yaml
from tests.unit.cli.conftest import Line
from tests.unit.cli.fake_house import NAMESPACE

FLOW = {
    "schema": "pytake.flow/1", "name": "hello", "language": "en",
    "nodes": [
        {"id": "start", "type": "start"},
        {"id": "ask", "type": "question", "data": {"kind": "text", "content": "Your name?", "variableName": "name"}},
        {"id": "bye", "type": "end", "data": {"content": "Hello, {{name}}!"}},
        {"id": "wrong", "type": "end", "data": {"content": "Never mind."}},
    ],
    "edges": [
        {"source": "start", "target": "ask"},
        {"source": "ask", "target": "bye", "sourceHandle": "answered"},
        {"source": "ask", "target": "wrong", "sourceHandle": "invalid"},
    ],
}  # fmt: skip
GOOD = """
flow: hello
cases:
  - name: a greeting
    steps:
      - {says: hi, bot: [Your name?]}
      - {says: no, bot: ["Hello, no!"], variables: {name: no}}
  - name: at half past nine
    start: 2026-03-02T09:30
    steps:
      - {says: 9:30, node: ask}
"""
BAD = (
    GOOD
    + """
  - name: another greeting
    steps:
      - {says: hi}
      - {says: Rui, bot: [Hello!]}
"""
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["flow", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hello.json").write_text(json.dumps(FLOW))
    (tmp_path / "hello.test.yaml").write_text(GOOD)
    return tmp_path


def test_tests_that_hold_end_with_zero_and_tell_what_they_cover(folder: Path) -> None:
    result = run("test", folder)
    assert result.exit_code == 0
    assert "hello.json: nodes 3 of 4 (75 %), edges 2 of 3 (67 %)" in result.output
    assert "never entered: wrong" in result.output
    assert "never taken: ask -invalid-> wrong" in result.output
    assert "2 cases in 1 files, 0 failed" in result.output


def test_a_failure_ends_with_one_and_names_file_case_step_and_what_came(folder: Path) -> None:
    (folder / "hello.test.yaml").write_text(BAD)
    result = run("test", folder / "hello.test.yaml")
    assert result.exit_code == 1
    assert (
        'hello.test.yaml: case "another greeting", step 2: expected the bot to say "Hello!", but it said "Hello, Rui!"'
        in result.output
    )


@pytest.mark.parametrize(("option", "least", "code"), [
    ("--min-coverage", "75", 0), ("--min-coverage", "76", 1), ("--min-edges", "66", 0), ("--min-edges", "67", 1),
])  # fmt: skip
def test_too_little_coverage_ends_with_one(folder: Path, option: str, least: str, code: int) -> None:
    result = run("test", folder, option, least)
    assert result.exit_code == code
    assert (f"{least} % are asked for" in result.output) == bool(code)


def test_results_are_json_for_programs(folder: Path) -> None:
    (folder / "hello.test.yaml").write_text(BAD)
    told = json.loads(run("test", folder, "--json").output)
    cases = told["suites"][0]["cases"]
    assert [case["passed"] for case in cases] == [True, True, False]
    assert (cases[2]["step"], "Hello!" in cases[2]["message"]) == (2, True)
    assert told["coverage"][0]["nodes"] == {"all": 4, "percent": 75.0, "missing": ["wrong"]}


def test_results_are_junit_for_machines(folder: Path) -> None:
    (folder / "hello.test.yaml").write_text(BAD)
    assert run("test", folder, "--junit", folder / "out.xml").exit_code == 1
    suite = ElementTree.parse(folder / "out.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("3", "1")
    failure = suite.find("testcase[@name='another greeting']/failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("step 2: expected")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("flow: hello\ncases: [", "is no YAML"),
        ("flow: hello\nflow: other\ncases: []", "the key 'flow' stands twice"),
        ("flow: other\ncases: [{name: a, steps: []}]", "names the flow 'other', but there is no such file"),
        ("flow: hello\ncases: [{name: a, steps: [{waves: hi}]}]", 'case "a", step 1: the step has the unknown field'),
    ],
)
def test_a_test_that_cannot_be_read_ends_with_two_and_says_where(folder: Path, text: str, sentence: str) -> None:
    (folder / "hello.test.yaml").write_text(text)
    result = run("test", folder)
    assert result.exit_code == 2
    assert sentence in result.output


def test_a_flow_that_cannot_run_is_named(folder: Path) -> None:
    (folder / "hello.json").write_text(json.dumps({**FLOW, "nodes": FLOW["nodes"][1:]}))  # type: ignore[index]
    result = run("test", folder)
    assert (result.exit_code, "which cannot run: The flow has no start node." in result.output) == (2, True)


def test_a_folder_without_tests_is_told(tmp_path: Path) -> None:
    result = run("test", tmp_path)
    assert (result.exit_code, "no test file in" in result.output) == (2, True)


def test_yaml_means_what_people_mean(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("[no, yes, 9:30, 2026-03-02, 0123, 12, -1.5, true, null, ~, '5']")
    assert load_yaml(file) == ["no", "yes", "9:30", "2026-03-02", "0123", 12, -1.5, True, None, None, "5"]


def test_lint_is_kind_unless_it_is_strict(folder: Path) -> None:
    flow = {**FLOW, "edges": FLOW["edges"][:2]}  # type: ignore[index]
    (folder / "hello.json").write_text(json.dumps(flow))
    assert run("lint", folder / "hello.json").exit_code == 0
    strict = run("lint", "--strict", folder / "hello.json")
    assert (strict.exit_code, "warning node ask:" in strict.output) == (1, True)


def test_lint_tells_programs_in_json(folder: Path) -> None:
    (folder / "hello.json").write_text(json.dumps({**FLOW, "edges": FLOW["edges"][:2]}))  # type: ignore[index]
    lines = [json.loads(line) for line in run("lint", "--json", folder / "hello.json").output.splitlines()]
    assert {line["code"] for line in lines} == {"missing_invalid", "unreachable"}
    assert set(lines[0]) == {"file", "code", "severity", "node_id", "message", "mend"}


def test_the_schema_is_printed() -> None:
    schema = json.loads(run("schema").output)
    assert list(Draft202012Validator(schema).iter_errors(FLOW)) == []


def test_shipped_flows_are_listed_and_copied_with_their_tests(tmp_path: Path) -> None:
    listed = run("templates").output.splitlines()
    assert [line.split()[0] for line in listed] == [flow.stem for flow in shipped_flows()]
    target = tmp_path / "new"
    assert run("templates", "--copy", "order_status", target).exit_code == 0
    assert len(list(target.iterdir())) == 4
    assert run("test", target).exit_code == 0


def test_a_copy_never_writes_over_what_is_there(tmp_path: Path) -> None:
    assert run("templates", "--copy", "order_status.en", tmp_path).exit_code == 0
    again = run("templates", "--copy", "order_status.en", tmp_path)
    assert (again.exit_code, "already there" in again.output) == (2, True)
    assert run("templates", "--copy", "poem", tmp_path).exit_code == 2


def test_five_flows_are_shipped_in_two_languages_each() -> None:
    names = {(flow.stem.partition(".")[0], flow.stem.partition(".")[2]) for flow in shipped_flows()}
    flows = {"appointment", "lead_qualification", "order_status", "satisfaction_survey", "support_menu"}
    assert names == {(name, language) for name in flows for language in ("pt_BR", "en")}


@pytest.mark.parametrize("flow", shipped_flows(), ids=lambda flow: flow.stem)
def test_a_shipped_flow_is_lint_clean_and_its_tests_come_by_all_of_it(flow: Path) -> None:
    strict = run("lint", "--strict", flow)
    assert (strict.output.strip(), strict.exit_code) == ("nothing to mend", 0)
    report = run_files([flow.with_suffix(".test.yaml")])
    assert [case.failure for suite in report.suites for case in suite.failed] == []
    (coverage,) = report.coverage.values()
    assert (coverage.missing_nodes, coverage.missing_edges) == ((), ())


@pytest.mark.parametrize("flow", sorted(SHIPPED.glob("*.pt_BR.json")), ids=lambda flow: flow.stem)
def test_a_shipped_flow_is_the_same_in_both_languages_but_for_its_words(flow: Path) -> None:
    ours, theirs = (json.loads(path.read_text()) for path in (flow, flow.with_name(flow.name.replace("pt_BR", "en"))))
    assert ours["edges"] == theirs["edges"]
    assert [(node["id"], node["type"]) for node in ours["nodes"]] == [
        (node["id"], node["type"]) for node in theirs["nodes"]
    ]
    assert (ours["language"], theirs["language"]) == ("pt_BR", "en")


@pytest.fixture
def replaying(line: Line) -> Line:
    """A house with an organization that has two flows."""
    line.kept.put("organization", "acme", value=("America/Belem", ""))
    for name in ("same", "other"):
        line.kept.put(str(uuid5(NAMESPACE, "acme")), "flow", name, value=(b"", 1))
    return line


async def test_a_replay_shows_the_first_turn_that_differs_and_ends_with_one(replaying: Line) -> None:
    file = replaying.write(FLOW, "draft.json")
    result = await replaying.run("flow", "replay", "c1", "--against", file)
    assert result.exit_code == 1
    first, *others = result.output.splitlines()
    assert first.startswith("the record begins in the middle of the conversation")
    assert others == ["turn 2, 1970-01-01T00:00:00Z, effect", "  - Bye.  (bye)", "  + Later.  (bye)"]
    (asked,) = replaying.kept.asked
    assert (asked.conversation_id, asked.flow_id, json.loads(asked.document)) == ("c1", "", FLOW)


async def test_a_file_may_take_the_place_of_a_flow_that_is_named(replaying: Line) -> None:
    file = replaying.write(FLOW, "draft.json")
    assert (await replaying.run("flow", "replay", "c1", "--against", file, "--flow", "other")).exit_code == 1
    assert replaying.kept.asked[0].flow_id == "flow-other"


async def test_a_replay_without_a_difference_ends_with_zero(replaying: Line) -> None:
    wanted = ("flow", "replay", "c1", "--organization", "acme", "--against", "same")
    result = await replaying.run(*wanted, "--all")
    assert result.exit_code == 0
    assert "  = Bye.  (bye)" in result.output
    assert result.output.splitlines()[-1] == "2 turns, no difference"
    answer = json.loads((await replaying.run(*wanted, "--json")).output)
    assert [turn["is_same"] for turn in answer["turns"]] == [True, True]
    assert [asked.document for asked in replaying.kept.asked] == [b"", b""]


async def test_a_replay_against_what_is_neither_file_nor_flow_is_told(replaying: Line) -> None:
    result = await replaying.run("flow", "replay", "c1", "--against", "poem")
    assert (result.exit_code, "no flow is called 'poem' (there is: same, other)" in result.output) == (1, True)
