"""Importing other products' exports holds for any JSON: nothing raises but UnreadableFlow, and nothing is lost.

A node of a source is in the flow by its id or its content, or the report says what became of it.
"""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.executor.domain.document import parse_document
from services.executor.domain.finding import InvalidFlow
from services.executor.domain.importers import UnreadableFlow, detect_dialect, import_flow
from services.executor.domain.importers.coverage import coverage
from services.executor.domain.lint import problems

FOLDER = Path(__file__).parents[2] / "data" / "flows" / "import"
SOURCES = [
    json.loads(path.read_text("utf-8"))
    for product in ("typebot", "rapidpro", "glific")
    for path in sorted((FOLDER / product).glob("*.json"))
]
IDS = st.sampled_from(["a", "b", "c", "start", "1", 1, ""])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["{{x}}", "@results.x", "@(upper(results.x))", "@(", "<%=1%>", "[", "{}", "a@b", "0"])
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _object(keys, values, most=6):
    return st.dictionaries(st.sampled_from(keys), values, max_size=most)


BLOCK_TYPES = st.sampled_from(
    [
        "text", "image", "video", "audio", "embed", "location", "text input", "number input", "date input",
        "rating input", "file input", "choice input", "picture choice input", "cards input", "otp input",
        "payment input", "Condition", "Set variable", "Redirect", "Code", "Typebot link", "Wait", "AB test", "Jump",
        "Return", "webhook", "Webhook", "Zapier", "Google Sheets", "Google Analytics", "OpenAI", "openai", "Chatwoot",
        "mystery", "start",
    ]
)  # fmt: skip
OPTIONS = _object(
    [
        "variableId", "expressionToEvaluate", "type", "isCode", "groupId", "blockId", "typebotId", "url", "webhook",
        "secondsToWaitFor", "length", "startsAt", "labels", "min", "allowedFileTypes", "responseVariableMapping",
        "messages", "task", "isMultipleChoice", "dynamicVariableId", "aPercent", "options", "dynamicItems",
    ],
    JSON | IDS | _object(["url", "body", "headers", "isEnabled", "types", "titlesVariableId"], JSON),
)  # fmt: skip
LEAVES = _object(["text", "bold", "italic", "underline", "type", "url", "children"], JSON | st.just("a"))
ITEMS = st.lists(
    _object(["id", "content", "title", "outgoingEdgeId", "path", "paths", "displayCondition"], JSON | IDS) | JSON
)
BLOCKS = st.lists(
    st.fixed_dictionaries(
        {"id": IDS, "type": BLOCK_TYPES},
        optional={
            "options": OPTIONS | JSON,
            "items": ITEMS | JSON,
            "content": JSON | st.fixed_dictionaries({"richText": st.lists(LEAVES, max_size=4)}),
        },
    )
    | JSON,
    max_size=4,
)
ENDS = _object(["blockId", "itemId", "groupId", "eventId", "pathId"], IDS | JSON)
BOTS = st.fixed_dictionaries(
    {"groups": st.lists(st.fixed_dictionaries({"id": IDS, "blocks": BLOCKS}), min_size=1, max_size=3)},
    optional={
        "events": st.lists(_object(["id", "type", "options"], JSON | IDS | st.just("start")) | JSON, max_size=3),
        "edges": st.lists(st.fixed_dictionaries({"id": IDS, "from": ENDS, "to": ENDS}) | JSON, max_size=5),
        "variables": st.lists(_object(["id", "name", "value"], IDS | JSON), max_size=3),
        "settings": JSON,
    },
)
ACTION_TYPES = st.sampled_from(
    [
        "send_msg", "send_interactive_msg", "say_msg", "play_audio", "set_run_result", "set_run_local",
        "set_contact_field", "set_contact_name", "set_contact_status", "set_contact_channel", "add_contact_urn",
        "add_contact_groups", "remove_contact_groups", "add_input_labels", "enter_flow", "call_webhook",
        "call_resthook", "call_llm", "call_classifier", "open_ticket", "send_email", "start_session", "wait_for_time",
        "wait_for_result", "mystery",
    ]
)  # fmt: skip
ACTIONS = st.lists(
    _object(
        [
            "uuid", "text", "attachments", "quick_replies", "templating", "template", "name", "value", "category",
            "field", "groups", "labels", "flow", "url", "body", "headers", "result_name", "operation", "local", "delay",
            "addresses", "topic", "id",
        ],
        JSON | IDS,
    ).flatmap(lambda fields: ACTION_TYPES.map(lambda kind: {"type": kind, **fields}))
    | JSON,
    max_size=3,
)  # fmt: skip
TESTS = st.sampled_from(
    ["has_any_word", "has_phrase", "has_number_between", "has_group", "has_image", "has_pattern", "x"]
)
ROUTERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["switch", "random"])},
    optional={
        "operand": SCALARS | st.sampled_from(["@input.text", "@child.status", "@results.x.category"]),
        "wait": st.just({"type": "msg", "timeout": {"seconds": 60, "category_uuid": "b"}}) | JSON,
        "result_name": SCALARS,
        "default_category_uuid": IDS,
        "cases": st.lists(
            TESTS.flatmap(
                lambda kind: _object(["arguments", "category_uuid"], JSON | IDS).map(lambda c: {"type": kind, **c})
            )
            | JSON,
            max_size=3,
        ),
        "categories": st.lists(_object(["uuid", "name", "exit_uuid"], IDS | JSON) | JSON, max_size=3),
    },
)
EXITS = st.lists(_object(["uuid", "destination_uuid"], IDS) | JSON, max_size=3)
STEPS = st.lists(
    st.fixed_dictionaries({"uuid": IDS, "actions": ACTIONS, "exits": EXITS}, optional={"router": ROUTERS | JSON})
    | JSON,
    max_size=4,
)
DEFINITIONS = st.fixed_dictionaries(
    {"nodes": STEPS, "spec_version": st.sampled_from(["13.1.0", "14.0", "12.0"]) | JSON},
    optional={"_ui": JSON, "localization": JSON, "name": JSON, "uuid": IDS, "language": JSON, "vars": JSON},
)
EXPORTS = st.fixed_dictionaries(
    {"flows": st.lists(DEFINITIONS | DEFINITIONS.map(lambda one: {"definition": one}) | JSON, min_size=1, max_size=3)},
    optional={"version": JSON, "triggers": JSON, "interactive_templates": JSON, "campaigns": JSON},
)

# A busy machine is no failure of the code.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def _import(source):
    try:
        return import_flow(source)
    except UnreadableFlow:
        return None


def _is_sound(imported):
    """A flow whose nodes and edges have their ids, and that the linter has an answer for."""
    flow = imported.flow
    ids = [node["id"] for node in flow["nodes"]]
    assert len(set(ids)) == len(ids)
    assert all(isinstance(node["data"], dict) for node in flow["nodes"])
    assert len({edge["id"] for edge in flow["edges"]}) == len(flow["edges"])
    try:
        problems(parse_document(flow))
    except InvalidFlow:
        return
    assert coverage(flow, imported.report).total == len(ids)


@unhurried
@given(BOTS)
def test_any_bot_is_imported_and_its_source_is_left_alone(source):
    before = copy.deepcopy(source)
    imported = _import(source)
    assert repr(source) == repr(before)
    if imported is not None and imported.report.dialect == "typebot":
        _is_sound(imported)
        assert repr(_import(before)) == repr(imported)


@unhurried
@given(BOTS)
def test_every_block_of_a_bot_is_a_node_and_every_edge_is_one_or_reported(source):
    imported = _import(source)
    assert imported is not None
    blocks = [block for group in source["groups"] for block in group["blocks"] if isinstance(block, dict)]
    kept = [node["source"] for node in imported.flow["nodes"]]
    assert all(any(part is block for part in kept) for block in blocks)
    drawn = [edge["original"] for edge in imported.flow["edges"] if "original" in edge]
    lost = [item for item in imported.report.at("dropped") if item.field.startswith("edges[")]
    assert len(drawn) + len(lost) == len(source.get("edges", []))


@unhurried
@given(EXPORTS | DEFINITIONS)
def test_any_definition_is_imported_or_refused_and_its_source_is_left_alone(source):
    before = copy.deepcopy(source)
    imported = _import(source)
    assert repr(source) == repr(before)
    if imported is not None and imported.report.dialect in ("rapidpro", "glific"):
        _is_sound(imported)
        assert repr(_import(before)) == repr(imported)


@unhurried
@given(DEFINITIONS)
def test_every_action_and_router_of_a_definition_stays_with_a_node(source):
    imported = _import(source)
    if imported is None or imported.report.dialect == "P":
        return
    kept = {id(part) for node in imported.flow["nodes"] for part in _parts(node["source"])}
    nodes = [node for node in source["nodes"] if isinstance(node, dict)]
    actions = [action for node in nodes for action in _listed(node.get("actions")) if isinstance(action, dict)]
    assert all(id(action) in kept for action in actions)
    assert all(id(node["router"]) in kept for node in nodes if isinstance(node.get("router"), dict) and node["router"])
    assert len([node for node in imported.flow["nodes"] if node["type"] == "start"]) == 1


@unhurried
@given(st.sampled_from(SOURCES), st.data())
def test_a_damaged_export_is_imported_or_refused(source, data):
    damaged = copy.deepcopy(source)
    for _ in range(data.draw(st.integers(1, 3))):
        _damage(damaged, data)
    detect_dialect(damaged)
    imported = _import(damaged)
    if imported is not None:
        _is_sound(imported)


@pytest.mark.parametrize("source", SOURCES, ids=["typebot", "rapidpro", "glific"])
@pytest.mark.parametrize("odd", [[[]], {"text": "has_image"}, -1.5], ids=repr)
def test_each_value_of_an_export_may_be_anything_else(source, odd):
    damaged = copy.deepcopy(source)
    for holder, key in list(_places(damaged)):
        value, holder[key] = holder[key], odd
        _import(damaged)
        holder[key] = value


def test_text_nested_a_thousand_times_is_imported():
    inner = {"text": "fundo"}
    for _ in range(900):
        inner = {"type": "p", "children": [inner]}
    bot = {"groups": [{"id": "g", "blocks": [{"id": "b", "type": "text", "content": {"richText": [inner]}}]}]}
    assert import_flow(bot).report.dialect == "typebot"


def _places(value):
    """(holder, key) of everything inside a value."""
    for key in value if isinstance(value, dict) else range(len(_listed(value))):
        yield value, key
        yield from _places(value[key])


def _listed(value):
    return value if isinstance(value, list) else []


def _parts(value):
    """A value and everything inside it."""
    yield value
    inner = value.values() if isinstance(value, dict) else _listed(value)
    for item in inner:
        yield from _parts(item)


def _damage(value, data):
    """Walk down at random and replace or remove what is there."""
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


@pytest.mark.parametrize("text", ["@(" * 50_000, '@("' * 50_000, "<%" * 50_000, "{{" * 50_000, "@results." * 20_000])
def test_a_text_of_nothing_but_beginnings_is_read_once(text):
    nodes = [{"uuid": "n", "actions": [{"type": "send_msg", "text": text}], "exits": []}]
    flow = import_flow({"nodes": nodes, "spec_version": "13.1.0"}).flow
    assert flow["nodes"][1]["data"]["content"] == text
