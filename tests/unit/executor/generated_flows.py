"""Random flows that may be published: every node type, any wiring, loops included."""

from typing import Any

from hypothesis import strategies as st

_NAMES = st.sampled_from(["x", "y", "lista", "contact.name", "user_message"])
_TEXTS = st.sampled_from(["Oi {{x}}", "{{y|title}}!", "{{#each lista}}{{index}}{{/each}}.", "só texto", "{{x.0.y}}…"])
_RULES = st.fixed_dictionaries(
    {
        "variable": _NAMES,
        "operator": st.sampled_from(["==", "!=", ">", "<=", "contains", "in", "is_empty", "starts_with"]),
        "value": st.sampled_from(["1", "sim", "{{y}}", "", 3, ["1", "2"], None]),
    }
)
_OPTIONS = [{"value": "a", "label": "Opção A"}, {"value": "b", "label": "Opção B"}]
_BUTTONS = [{"id": "a", "title": "Um"}, {"id": "b", "title": "{{x}}."}]

_QUESTION = st.fixed_dictionaries(
    {
        "content": _TEXTS,
        "variableName": _NAMES,
        "kind": st.sampled_from(["text", "number", "email", "phone", "choice", "yes_no", "date"]),
        "options": st.just(_OPTIONS),
        "presentation": st.sampled_from(["text", "auto", "buttons", "list"]),
        "validation": st.fixed_dictionaries(
            {}, optional={"required": st.booleans(), "min_length": st.integers(0, 3), "maxAttempts": st.integers(0, 3)}
        ),
    }
)
_ASSIGNMENT = st.fixed_dictionaries(
    {
        "name": _NAMES,
        "valueType": st.sampled_from(["static", "variable", "expression"]),
        "value": st.sampled_from(["x", "{{x}}"]),
    }
) | st.fixed_dictionaries(
    {
        "name": _NAMES,
        "valueType": st.just("expression"),
        "value": st.sampled_from(["{{x}} / {{y}}", "x * x * 999999", "'a' + y", "-x"]),
    }
)
_DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "message": st.fixed_dictionaries(
        {"content": _TEXTS}, optional={"buttons": st.just(_BUTTONS), "waitForReply": st.booleans()}
    ),
    "question": _QUESTION,
    "buttons": st.fixed_dictionaries({"content": _TEXTS, "buttons": st.just(_BUTTONS), "variableName": _NAMES}),
    "list": st.fixed_dictionaries({"content": _TEXTS, "sections": st.just([{"rows": _BUTTONS}])}),
    "condition": st.fixed_dictionaries(
        {"rules": st.lists(_RULES, min_size=1, max_size=3), "match": st.sampled_from(["all", "any"])}
    ),
    "switch": st.fixed_dictionaries({"variable": _NAMES, "cases": st.just({"1": "a", "sim": "b"})}),
    "set_variable": st.fixed_dictionaries({"assignments": st.lists(_ASSIGNMENT, min_size=1, max_size=2)}),
    "jump": st.just({}) | st.just({"targetFlowId": "outro"}),
    "end": st.just({}) | st.fixed_dictionaries({"content": _TEXTS}),
    "note": st.just({}),
}
_HANDLES = st.sampled_from(
    ["", "", "", "a", "b", "true", "false", "else", "invalid", "no_reply", "default", "answered"]
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document without errors; its warnings (loops, loose ends) are the point."""
    types = draw(st.lists(st.sampled_from(sorted(_DATA)), min_size=1, max_size=7))
    nodes: list[dict[str, Any]] = [{"id": "s", "type": "start"}]
    nodes += [{"id": f"n{place}", "type": kind, "data": draw(_DATA[kind])} for place, kind in enumerate(types)]
    ids = st.sampled_from([node["id"] for node in nodes])
    loose = st.fixed_dictionaries({"source": ids, "target": ids, "sourceHandle": _HANDLES})
    edges = [{"source": "s", "target": "n0"}, *draw(st.lists(loose, max_size=12))]
    flags = draw(st.fixed_dictionaries({"consume_opening": st.booleans(), "repeat_question": st.booleans()}))
    variables = {"lista": [{"y": "1"}, "2"], "x": draw(st.sampled_from(["1", "", "{{y}}", [1, 2]]))}
    return {
        "schema": "pytake.flow/1", "name": "any", "settings": flags, "variables": variables,
        "nodes": nodes, "edges": edges,
    }  # fmt: skip
