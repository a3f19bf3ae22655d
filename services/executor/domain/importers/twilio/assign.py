"""The trigger, and set-variables with Liquid's arithmetic as expressions."""

import re

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.templating import dotted, single_path
from services.executor.domain.importers.twilio.widget import Widget
from services.executor.domain.importers.values import Object, as_list, as_object, as_text

_ARITHMETIC = {"plus": "+", "minus": "-", "times": "*", "divided_by": "/"}
_FILTER = re.compile(r"(\w+)\s*:\s*(\S+)")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")


def read_trigger(widget: Widget) -> Draft:
    return Draft("start", {})


def read_set_variables(widget: Widget) -> Draft:
    found = []
    for item in map(as_object, as_list(widget.take("variables"))):
        key = as_text(item.get("key"))
        if not key:
            widget.note("problem", "variables", "A variable has no name: fill 'key'.")
            continue
        name = widget.variables.names.native(key)
        if name != key:
            widget.note("changed", "variables", f"Variable '{key}' is called '{name}' here.")
        found.append({"name": name} | _value(widget, as_text(item.get("value")) or ""))
    if not found:
        widget.note("problem", "variables", "Nothing is assigned: list at least one variable.")
    return Draft("set_variable", {"assignments": found})


def _value(widget: Widget, written: str) -> Object:
    single = single_path(written)
    path = widget.variables.resolve(single[0]) if single else None
    if single and path:
        if not single[1]:
            return {"valueType": "variable", "value": path}
        expression = _expression(widget, path, single[1])
        if expression:
            return {"valueType": "expression", "value": expression}
    return {"valueType": "static", "value": widget.translated(written, "variables")}


def _expression(widget: Widget, path: str, filters: tuple[str, ...]) -> str | None:
    """`a | plus: 1 | times: b` as `({{a}} + 1) * {{b}}`; None when a filter is no arithmetic."""
    written = f"{{{{{path}}}}}"
    for place, text in enumerate(filters):
        found = _FILTER.fullmatch(text)
        sign = _ARITHMETIC.get(found[1]) if found else None
        operand = _operand(widget, found[2]) if found else None
        if sign is None or operand is None:
            return None
        written = f"{f'({written})' if place else written} {sign} {operand}"
    return written


def _operand(widget: Widget, written: str) -> str | None:
    if _NUMBER.fullmatch(written):
        return written
    path = dotted(written)
    name = widget.variables.resolve(path) if path else None
    return f"{{{{{name}}}}}" if name else None
