"""Nodes that set and record, and those that are kept as data: scripts and queries are never run."""

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

_TYPED = {"number": as_number, "integer": as_number, "boolean": as_flag, "bool": as_flag}


def read_set_variable(node: NodeSource) -> Draft:
    listed = node.take("assignments")
    items = as_list(listed) or [{"name": name, "value": value} for name, value in entries(listed)]
    own = {
        name: node.take(name) for name in ("name", "value", "valueType", "operation", "expression", "variableSource")
    }
    written = [as_object(item) for item in items] or [present(own)]
    assignments = [done for done in (_assignment(node, item) for item in written) if done]
    return Draft("set_variable", {"assignments": assignments})


def read_script(node: NodeSource) -> Draft:
    names = ("language", "code", "inputVariables", "outputVariable", "timeout")
    data = present({name: node.take(name, "script") for name in names})
    node.note("problem", "code", "Scripts are not run: replace the node by set_variable, condition or http_request.")
    return Draft("script", data)


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
    kind, variable = node.text("eventType"), variable_name(node.take("eventValueVariable"))
    name, value = node.text("eventName"), node.take("eventValue")
    if name and kind:
        node.note("kept", "eventType", f"The event is called '{name}'; its type '{kind}' stays with the node's source.")
    if not (name or kind):
        node.note("problem", "eventName", "The event has no name: fill 'eventName'.")
    if value is None and variable is not None:
        value = f"{{{{{variable}}}}}"
    tags = [tag for tag in map(as_text, as_list(node.take("tags"))) if tag]
    properties = dict(entries(node.take("eventProperties")))
    found = {
        "eventName": name or kind,
        "eventValue": value,
        "eventProperties": properties or None,
        "tags": tags or None,
    }
    return Draft("analytics", present(found))


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


def updated_variable(node: NodeSource) -> Draft:
    """One assignment from the fields of an action."""
    names = ("name", "value", "valueType", "operation", "expression", "variableSource")
    assignment = _assignment(node, present({name: node.take(name, "set_variable") for name in names}))
    return Draft("set_variable", {"assignments": [assignment] if assignment else []})
