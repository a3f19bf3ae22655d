"""Nodes that reach outside or compute: variables, delay, HTTP, actions, model replies, scripts and the like.

Scripts, prompts, queries and addresses are data here: nothing is called or run on import.
"""

import re

from services.executor.domain.importers.reading import Draft, NodeSource
from services.executor.domain.importers.values import (
    Object,
    as_flag,
    as_list,
    as_number,
    as_object,
    as_text,
    entries,
    folded,
    present,
    variable_name,
)

_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "ms": 0.001,
    "millisecond": 0.001,
}
_DEFAULT_DELAY = 3
_TYPED = {"number": as_number, "integer": as_number, "boolean": as_flag, "bool": as_flag}
_STRFTIME = (
    ("YYYY", "%Y"),
    ("YY", "%y"),
    ("DD", "%d"),
    ("HH", "%H"),
    ("mm", "%M"),
    ("ss", "%S"),
    ("MM", "%m"),
)


def read_set_variable(node: NodeSource) -> Draft:
    listed = node.take("assignments")
    items = as_list(listed) or [{"name": name, "value": value} for name, value in entries(listed)]
    own = {
        name: node.take(name) for name in ("name", "value", "valueType", "operation", "expression", "variableSource")
    }
    written = [as_object(item) for item in items] or [present(own)]
    assignments = [done for done in (_assignment(node, item) for item in written) if done]
    return Draft("set_variable", {"assignments": assignments})


def read_delay(node: NodeSource) -> Draft:
    seconds, duration = node.number("seconds"), node.number("duration")
    unit = folded(node.take("unit")) or "seconds"
    if seconds is None and duration is not None:
        factor = _SECONDS.get(unit.removesuffix("s") or unit)
        if factor is None:
            node.note("problem", "unit", f"Unit '{unit}' is not known: choose seconds, minutes, hours or days.")
        seconds = duration * (factor or 1)
    text, typing = node.text("message"), as_flag(node.take("typing"))
    wait = _DEFAULT_DELAY if seconds is None else seconds
    return Draft("delay", {"seconds": wait} | present({"message": text, "typing": typing}))


def read_http_request(node: NodeSource) -> Draft:
    group = "http_request"
    url = node.text("url", group) or ""
    if not re.match(r"https?://|\{\{", url):
        node.note("problem", "url", f"The address '{url}' is not complete: write it with https:// and the host.")
    handling = as_object(node.take("error_handling", group))
    on_error = as_text(node.take("onError", group)) or as_text(handling.get("onError"))
    if on_error is None and as_flag(node.take("continueOnError", group)):
        on_error = "continue"
    data: Object = {"url": url, "method": (node.text("method", group) or "GET").upper()}
    data |= {name: dict(entries(node.take(name, group))) for name in ("headers", "query")}
    names = ("body", "authType", "secretId", "retryOnFailure")
    extra = {name: node.take(name, group) for name in names} | {
        "onError": on_error,
        **{key: handling.get(key) for key in ("maxRetries", "retryDelay", "fallbackValue")},
    }
    variable = variable_name(node.take("outputVariable", group))
    timeout = _seconds(node.take("timeoutSeconds", group))
    return Draft(group, data | present({"outputVariable": variable, "timeoutSeconds": timeout, **extra}))


def read_action(node: NodeSource) -> Draft:
    """One action becomes the node that does it; several, or an e-mail, must be replaced by hand."""
    listed = [as_object(item) for item in as_list(node.take("actions"))]
    if len(listed) > 1:
        node.note("problem", "actions", f"The node does {len(listed)} actions: put one node for each of them.")
        return Draft("action", {"actions": list(listed)} | node.rest())
    if listed:
        node.fields.update(as_object(listed[0].get("config")))
    kind = folded(listed[0].get("type") if listed else node.take("action"))
    return _one_action(node, kind)


def read_ai_reply(node: NodeSource) -> Draft:
    data = {
        name: node.take(name)
        for name in (
            "provider",
            "model",
            "prompt",
            "systemPrompt",
            "temperature",
            "maxTokens",
            "secretId",
            "baseUrl",
        )
    }
    if node.take("apiKey") is not None:
        node.note(
            "dropped",
            "apiKey",
            "A key in clear text is not taken over: store it as a secret and name it in 'secretId'.",
        )
    data |= {
        "outputVariable": variable_name(node.take("outputVariable")),
        "timeoutSeconds": _seconds(node.take("timeoutSeconds")),
    }
    data |= node.rest()
    node.taken.update(node.fields)
    return Draft("ai_reply", present(data))


def read_script(node: NodeSource) -> Draft:
    names = ("language", "code", "inputVariables", "outputVariable", "timeout")
    data = present({name: node.take(name, "script") for name in names})
    node.note("problem", "code", "Scripts are not run: replace the node by set_variable, condition or http_request.")
    return Draft("script", data)


def read_template(node: NodeSource) -> Draft:
    name = node.text("templateName")
    if not name:
        node.note("problem", "templateName", "The template has no name: fill 'templateName'.")
    data: Object = {"templateName": name or "", "languageCode": node.text("languageCode") or "pt_BR"}
    return _with_rest(node, "template", data)


def read_datetime(node: NodeSource) -> Draft:
    pattern = node.text("format")
    data = {name: node.take(name) for name in ("operation", "compareWith", "outputVariable")}
    if pattern and "%" not in pattern:
        data["format"] = _strftime(pattern)
        node.note("changed", "format", f"Format '{pattern}' is now written '{data['format']}'.")
    else:
        data["format"] = pattern
    return _with_rest(node, "datetime", data)


def read_database_query(node: NodeSource) -> Draft:
    for name in ("connectionString", "password"):
        if node.take(name) is not None:
            node.note(
                "dropped",
                name,
                f"'{name}' is a secret and is not taken over: reach the data by an http_request.",
            )
    node.note("problem", "query", "Database queries are not run: replace the node by an http_request.")
    return _with_rest(node, "database_query", {"outputVariable": variable_name(node.take("outputVariable"))})


def read_analytics(node: NodeSource) -> Draft:
    return _with_rest(node, "analytics", {name: node.take(name) for name in ("eventProperties", "outputVariable")})


def read_as_it_is(node: NodeSource) -> Draft:
    """Keep every field of a type that needs no translation or that nobody knows."""
    return _with_rest(node, node.type, {})


def _with_rest(node: NodeSource, node_type: str, data: Object) -> Draft:
    rest = node.rest()
    node.taken.update(rest)
    return Draft(node_type, present(data) | rest)


def _assignment(node: NodeSource, item: Object) -> Object | None:
    name = variable_name(item.get("name", item.get("variable", item.get("variableName"))))
    if name is None:
        node.note("problem", "assignments", "An assignment names no variable: fill 'name'.")
        return None
    kind, value = folded(item.get("valueType")), item.get("value", item.get("variableValue"))
    if kind == "variable":
        return {
            "name": name,
            "valueType": kind,
            "value": variable_name(item.get("variableSource") or value) or "",
        }
    if kind == "expression":
        return {"name": name, "valueType": kind, "value": as_text(item.get("expression") or value) or ""}
    return _operation(name, folded(item.get("operation")), _static(kind, value))


def _operation(name: str, operation: str, value: object) -> Object:
    if operation == "increment":
        step = 1 if value in (None, "") else value
        return {"name": name, "valueType": "expression", "value": f"{{{{{name}}}}} + {as_text(step)}"}
    if operation == "append":
        return {"name": name, "valueType": "static", "value": f"{{{{{name}}}}}{as_text(value) or ''}"}
    return {"name": name, "valueType": "static", "value": "" if value is None else value}


def _static(kind: str, value: object) -> object:
    """A typed value where the source names the type and the text is of that type."""
    convert = _TYPED.get(kind)
    typed = convert(value) if convert else None
    return value if typed is None else typed


def _one_action(node: NodeSource, kind: str) -> Draft:
    if kind == "script":
        return read_script(node)
    if kind == "webhook":
        return read_http_request(node)
    if kind == "update_variable":
        return _update_variable(node)
    if kind in {"save_contact", "add_tag", "remove_tag", "update_field"}:
        return Draft("contact", _contact(node, kind))
    if kind == "send_email":
        node.note(
            "problem",
            "actionType",
            "E-mails are not sent: replace the node by an http_request to your mail service.",
        )
        return Draft("action", present({"actionType": kind, "email": node.take("email")}) | node.rest())
    node.note("problem", "actionType", f"Action '{kind}' is not known: replace the node by one that does it.")
    return _with_rest(node, "action", present({"actionType": kind or None}))


def _update_variable(node: NodeSource) -> Draft:
    item = {"name": node.take("name", "set_variable")} | {
        name: node.take(name, "set_variable")
        for name in ("value", "valueType", "operation", "expression", "variableSource")
    }
    assignment = _assignment(node, present(item))
    return Draft("set_variable", {"assignments": [assignment] if assignment else []})


def _contact(node: NodeSource, kind: str) -> Object:
    fields = dict(entries(node.take("contact")))
    tags = [
        tag
        for tag in map(as_text, [*as_list(fields.pop("tags", None)), *as_list(node.take("tags")), node.take("tag")])
        if tag
    ]
    name = as_text(node.take("field"))
    value = node.take("field_value")
    if name:
        fields[name] = value if value is not None else node.take("value")
    if as_list(node.take("actions")):
        fields = {key: _as_template(source) for key, source in fields.items()}
    placed = {"removeTags" if kind == "remove_tag" else "addTags": tags or None}
    return present({"attributes": fields or None, **placed})


def _as_template(source: object) -> object:
    """The listed form maps a field to a variable's name."""
    return f"{{{{{source}}}}}" if isinstance(source, str) and re.fullmatch(r"[\w.]+", source) else source


def _seconds(value: object) -> int | float | None:
    """A timeout in seconds; the sources write milliseconds too, told by their size."""
    number = as_number(value)
    if number is None or number < 1000:
        return number
    return int(number // 1000) if number % 1000 == 0 else number / 1000


def _strftime(pattern: str) -> str:
    for token, directive in _STRFTIME:
        pattern = pattern.replace(token, directive)
    return pattern
