"""Importing from other products holds for any JSON: a flow of ours or UnreadableFlow, and the source is left alone."""

import copy
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.executor.domain.importers import UnreadableFlow, detect_dialect, import_flow, read_document

FOLDER = Path(__file__).parents[2] / "data" / "flows" / "import"
SOURCES = [read_document(path.read_bytes()) for path in sorted(FOLDER.glob("*/*")) if ".expected." not in path.name]

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["{{x}}", "{{ p.x | default: 'y' }}", "{% for a in b %}", "{{-", "re:.*", "re:(", "w1", "a", "1"])
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "body", "to", "timeout", "url", "parameters", "variables", "key", "value", "content_sid",
        "content_variables", "input", "say", "play", "method", "content_type", "offset", "media_url", "attributes",
        "flow_sid", "type", "kind", "title", "buttons", "button", "sections", "rows", "id", "name", "lat", "params",
        "catalog-id", "footer", "header",
    ]
)  # fmt: skip
FIELDS = st.dictionaries(KEYS, JSON | st.lists(st.dictionaries(KEYS, SCALARS, max_size=3), max_size=3), max_size=6)
NAMES = st.sampled_from(["a", "b", "w1", "start"])
WIDGETS = st.sampled_from(
    [
        "trigger", "send-message", "send-and-wait-for-reply", "split-based-on", "set-variables", "make-http-request",
        "run-function", "run-subflow", "send-to-flex", "say-play", "gather-input-on-call", "record-voicemail",
        "capture-payments", "connect-call-to", "fork-stream", "oracle",
    ]
)  # fmt: skip
EVENTS = st.sampled_from(["match", "noMatch", "next", "incomingMessage", "timeout", "failed", "incomingCall", "zz"])
CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"type": st.sampled_from(["equal_to", "regex", "x"]), "value": JSON, "arguments": JSON}
    ),
    max_size=2,
)
TRANSITIONS = st.lists(
    st.fixed_dictionaries({"event": EVENTS}, optional={"next": NAMES, "conditions": CONDITIONS | JSON}) | JSON,
    max_size=4,
)
STATES = st.lists(
    st.fixed_dictionaries(
        {"type": WIDGETS},
        optional={"name": NAMES | JSON, "properties": FIELDS | JSON, "transitions": TRANSITIONS | JSON},
    )
    | JSON,
    max_size=4,
)
STUDIO = st.fixed_dictionaries({"states": STATES, "initial_state": NAMES | JSON})
KINDS = st.sampled_from(
    [
        "text",
        "button",
        "cta",
        "list",
        "template",
        "dynamic",
        "media",
        "flow",
        "location",
        "request-location",
        "products",
    ]
)
ROUTES = st.dictionaries(st.sampled_from(["re:.*", "re:a", "re:(", "a", "b", ""]), NAMES | JSON, max_size=3)
BUILT = st.lists(
    st.fixed_dictionaries({}, optional={"pattern": SCALARS, "isRegex": SCALARS, "connectedTo": NAMES | JSON}) | JSON,
    max_size=3,
)
STAGES = st.dictionaries(
    NAMES,
    st.fixed_dictionaries({"kind": KINDS, "message": FIELDS | JSON}, optional={"routes": ROUTES | JSON, "prop": JSON})
    | JSON,
    max_size=4,
)
TEMPLATES = st.fixed_dictionaries(
    {
        "templates": st.lists(
            st.fixed_dictionaries(
                {"type": KINDS, "message": FIELDS | JSON},
                optional={"id": NAMES | JSON, "routes": BUILT | JSON, "settings": FIELDS | JSON, "hooks": JSON},
            )
            | JSON,
            max_size=4,
        )
    }
)

# A busy machine is no failure of the code.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _import(source):
    try:
        return import_flow(source)
    except UnreadableFlow:
        return None


@unhurried
@given(STUDIO | STAGES | TEMPLATES)
def test_any_flow_of_a_product_is_imported_or_refused_and_left_alone(source):
    before = copy.deepcopy(source)
    detect_dialect(source)
    imported = _import(source)
    assert repr(source) == repr(before)
    if imported is None:
        return
    nodes = imported.flow["nodes"]
    assert all(isinstance(node["id"], str) and isinstance(node["data"], dict) for node in nodes)
    assert len({node["id"] for node in nodes}) == len(nodes)
    assert len({edge["id"] for edge in imported.flow["edges"]}) == len(imported.flow["edges"])
    assert repr(_import(before)) == repr(imported)


@unhurried
@given(STUDIO)
def test_every_widget_is_a_node_or_reported_as_dropped(source):
    imported = _import(source)
    if imported is not None and imported.report.dialect == "twilio":
        kept = [node for node in imported.flow["nodes"] if "source" in node]
        dropped = [item for item in imported.report.at("dropped") if item.field.startswith("states[")]
        assert len(kept) + len(dropped) == len(source["states"])


@unhurried
@given(st.sampled_from(SOURCES), st.data())
def test_a_damaged_flow_of_a_product_is_imported_or_refused(source, data):
    damaged = copy.deepcopy(source)
    for _ in range(data.draw(st.integers(1, 3))):
        _damage(damaged, data)
    detect_dialect(damaged)
    imported = _import(damaged)
    assert imported is None or imported.report.dialect


def _damage(value, data):
    """Walk down at random and replace or remove what is there."""
    holder, key = None, None
    while isinstance(value, dict | list) and value and data.draw(st.integers(0, 6)):
        holder = value
        key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        value = holder[key]
    if holder is None:
        return
    if data.draw(st.booleans()):
        holder[key] = data.draw(JSON)
    else:
        del holder[key]
