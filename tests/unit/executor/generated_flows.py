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
_CEL = st.sampled_from(
    [
        "int(x) > 1",
        "has(y) && y == 'a'",
        "lista[0].y + '!'",
        "contact.name.startsWith('B')",
        "[1, 2][x]",
        "1 / 0 > 1 || true",
    ]
)
_CEL_ASSIGNMENT = st.fixed_dictionaries({"name": _NAMES, "valueType": st.just("cel"), "value": _CEL})
_SECONDS = st.sampled_from([1, 5, "3", "{{x}}", 0])
_WAITING: dict[str, st.SearchStrategy[Any]] = {
    "timeoutSeconds": st.integers(1, 9),
    "burst": st.sampled_from([{"policy": "join"}, {"policy": "latest", "quietSeconds": 1}, {"policy": "queue"}]),
    "maxAttempts": st.integers(1, 3),
}
_CLOSED: dict[str, st.SearchStrategy[Any]] = {
    "onWindowClosed": st.sampled_from(["branch", "wait", "template"]),
    "windowTemplate": st.just({"templateName": "volte", "parameters": ["{{x}}"]}),
}


def _data(needed: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Fields that are always there, and some that may be; a plain value stands for itself."""
    parts = ({name: _drawn(value) for name, value in given.items()} for given in (needed, optional))
    required, others = parts
    return st.fixed_dictionaries(required, optional=others).map(_consistent)


def _drawn(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


def _consistent(data: dict[str, Any]) -> dict[str, Any]:
    """A policy that sends a template needs one."""
    if data.get("onWindowClosed") == "template" and "windowTemplate" not in data:
        return {**data, "onWindowClosed": "wait"}
    return data


_EFFECT: dict[str, Any] = {"outputVariable": _NAMES, "mapping": {"x": "a.0.b", "y": ""}, "timeoutSeconds": 2}
_DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "message": _data(
        {"content": _TEXTS},
        buttons=_BUTTONS,
        waitForReply=st.booleans(),
        delay_ms=st.integers(0, 3000),
        **_WAITING,
        **_CLOSED,
    )
    | _data({"mediaType": st.sampled_from(["image", "audio", "document"]), "mediaUrl": "https://a.example/{{x}}"}),
    "question": st.builds(lambda one, more: _consistent(one | more), _QUESTION, _data({}, **_WAITING, **_CLOSED)),
    "buttons": _data({"content": _TEXTS, "buttons": _BUTTONS, "variableName": _NAMES}, **_WAITING, **_CLOSED),
    "list": _data({"content": _TEXTS, "sections": [{"rows": _BUTTONS}]}, **_WAITING, **_CLOSED),
    "location": _data({"latitude": st.sampled_from([1, "{{x}}", "-7,5"]), "longitude": 9, "name": _TEXTS}, **_CLOSED),
    "contacts": _data({"contacts": [{"name": "Bia {{x}}", "phones": ["+5511900000000", "{{y}}"]}]}),
    "cta_url": _data({"content": _TEXTS, "buttonText": "Abrir", "url": "https://a.example/?q={{x}}"}, **_CLOSED),
    "location_request": _data({"content": _TEXTS, "variableName": _NAMES}, **_WAITING, **_CLOSED),
    "whatsapp_flow": _data(
        {"content": _TEXTS, "flowId": "1", "screen": "A", "payload": {"a": ["{{lista}}", "{{x}}", 1]}}, **_WAITING
    ),
    "product": _data({"content": _TEXTS, "catalogId": "7", "productId": "{{x}}"}, variableName=_NAMES, **_WAITING),
    "template": _data(
        {"templateName": "oi", "parameters": {"body": ["{{x}}"], "buttons": [{"type": "quick_reply", "value": "a"}]}},
        **_WAITING,
    ),
    "condition": _data(
        {"rules": st.lists(_RULES, min_size=1, max_size=3), "match": st.sampled_from(["all", "any"])}, expression=_CEL
    ),
    "switch": _data({"variable": _NAMES, "cases": {"1": "a", "sim": "b"}}),
    "random": _data(
        {"variants": [{"handle": "a"}, {"handle": "b", "weight": 2}]}, sticky=st.booleans(), variableName=_NAMES
    ),
    "business_hours": _data({"schedule": {"sat": [["09:00", "12:30"], ["22:00", "02:00"]]}}, timezone="Asia/Tokyo"),
    "window_check": _data({}),
    "set_variable": _data({"assignments": st.lists(_ASSIGNMENT | _CEL_ASSIGNMENT, min_size=1, max_size=2)}),
    "datetime": _data(
        {
            "operation": st.sampled_from(["get_current", "format", "add", "subtract", "compare", "parse"]),
            "sourceVariable": st.sampled_from(["", "x", "y"]),
            "addAmount": st.sampled_from([1, "{{x}}", 99999999]),
            "outputVariable": _NAMES,
        },
        addUnit=st.sampled_from(["hours", "months", "years"]),
        compareWith=_TEXTS,
        format="%d/%m/%Y",
    ),
    "contact": _data({"attributes": {"cidade": "{{x}}", "pontos": 3}, "addTags": ["vip", "{{y}}"]}, removeTags=["vip"]),
    "analytics": _data({"eventName": _TEXTS}, eventValue="{{lista}}", eventProperties={"a": "{{x}}"}),
    "http_request": _data(
        {"url": "https://a.example/{{x}}", "headers": {"A": "{{secret.k}} {{x}}"}, "body": {"a": "{{lista}}"}},
        onError=st.sampled_from(["continue", "stop"]),
        fallbackValue=0,
        statusVariable=_NAMES,
        **_EFFECT,
    ),
    "ai_reply": _data(
        {"baseUrl": "https://a.example/v1", "model": "m", "history": st.integers(0, 2)},
        jsonOutput=st.booleans(),
        send=st.booleans(),
        **_EFFECT,
        **_CLOSED,
    ),
    "delay": _data({"seconds": _SECONDS}, message=_TEXTS, cancelable=st.booleans(), **_CLOSED)
    | _data({"until": "18:00"}),
    "handoff": _data({"priority": st.sampled_from(["high", "{{x}}", 7])}, message=_TEXTS, timeoutSeconds=60, **_CLOSED),
    "jump": _data({}) | _data({"targetFlowId": "outro"}),
    "subflow": _data({"targetFlow": "outro", "returns": {"x": "z"}}, variable_mapping={"z": "{{x}}"}),
    "return": _data({}),
    "end": _data({}, content=_TEXTS, **_CLOSED),
    "note": _data({}),
}
_HANDLES = st.sampled_from(
    [
        "", "", "", "a", "b", "true", "false", "else", "invalid", "no_reply", "default", "answered", "ok", "failed",
        "failed:404", "timeout", "window_closed", "released", "cancelled", "open", "closed",
    ]
)  # fmt: skip
_OFTEN = st.sampled_from([True, True, True, False])
_SETTINGS = st.fixed_dictionaries(
    {"consume_opening": st.booleans(), "repeat_question": st.booleans()},
    optional={
        "on_window_closed": st.sampled_from(["branch", "wait", "template"]),
        "inactivity": st.just({"warnSeconds": 60, "warnMessage": "Oi?", "thenSeconds": 60, "then": "close"}),
    },
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document without errors; its warnings (loops, loose ends) are the point."""
    types = draw(st.lists(st.sampled_from(sorted(_DATA)), min_size=1, max_size=7))
    nodes: list[dict[str, Any]] = [{"id": "s", "type": "start"}]
    nodes += [{"id": f"n{place}", "type": kind, "data": draw(_DATA[kind])} for place, kind in enumerate(types)]
    ids = st.sampled_from([node["id"] for node in nodes])
    loose = st.fixed_dictionaries({"source": ids, "target": ids, "sourceHandle": _HANDLES})
    chain = [{"source": f"n{place}", "target": f"n{place + 1}"} for place in range(len(types) - 1) if draw(_OFTEN)]
    edges = [{"source": "s", "target": "n0"}, *chain, *draw(st.lists(loose, max_size=12))]
    variables = {"lista": [{"y": "1"}, "2"], "x": draw(st.sampled_from(["1", "", "{{y}}", [1, 2]]))}
    return {
        "schema": "pytake.flow/1", "name": "any", "settings": draw(_SETTINGS), "variables": variables,
        "nodes": nodes, "edges": edges,
    }  # fmt: skip
