"""split-based-on: conditions on a text in Liquid, each group with a way of its own.

Studio compares trimmed and without case, and a regular expression must match the whole text, as here.
"""

import re

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.templating import single_path
from services.executor.domain.importers.twilio.widget import Widget
from services.executor.domain.importers.values import Object, as_list, as_object, as_text, present
from services.executor.domain.patterns import PatternError, compile_search

_OPERATORS = {
    "equal_to": "==",
    "not_equal_to": "!=",
    "matches_any_of": "in",
    "does_not_match_any_of": "not_in",
    "is_blank": "is_empty",
    "is_not_blank": "is_not_empty",
    "regex": "matches",
    "contains": "contains",
    "does_not_contain": "not_contains",
    "starts_with": "starts_with",
    "less_than": "<",
    "greater_than": ">",
    "is_before_time": "<",
    "is_after_time": ">",
    "is_before_date": "<",
    "is_after_date": ">",
}
_REPEATED = re.compile(r"\{\{([\w.-]+)\}\}(?:\s*\{\{\1\}\})+")
_MOMENTS = frozenset({"is_before_time", "is_after_time", "is_before_date", "is_after_date"})
# Comparing pays no heed to case or blanks, so these change nothing.
_IDLE_FILTERS = frozenset({"upcase", "downcase", "capitalize", "strip", "lstrip", "rstrip", "string"})


def read_split(widget: Widget) -> Draft:
    """A condition with a route for each `match`, in order; a text that is no single name is put in a variable first."""
    shared = as_text(widget.take("input")) or ""
    composed: dict[str, str] = {}
    routes = [
        _route(widget, index, transition, shared, composed)
        for index, transition in enumerate(item for item in widget.transitions if item.get("event") == "match")
    ]
    if not routes:
        widget.note("problem", "transitions", "The split compares nothing: add a condition.")
    condition = Draft("condition", {"routes": routes} if routes else {"rules": [], "match": "all"})
    if not composed:
        return condition
    widget.note("changed", "input", "The compared text is put together in a variable before the condition.")
    assignments = [{"name": name, "valueType": "static", "value": text} for text, name in composed.items()]
    return Draft("set_variable", {"assignments": assignments}, after=(condition,))


def split_handle(index: int) -> str:
    return f"condition-{index}"


def _route(widget: Widget, index: int, transition: Object, shared: str, composed: dict[str, str]) -> Object:
    conditions = [as_object(item) for item in as_list(transition.get("conditions"))]
    if not conditions:
        widget.note("problem", "conditions", f"Match {index + 1} has no condition: fill it.")
    label = next((name for name in (as_text(item.get("friendly_name")) for item in conditions) if name), None)
    rules = [_rule(widget, item, shared, composed) for item in conditions]
    return present({"handle": split_handle(index), "rules": rules, "match": "all", "label": label})


def _rule(widget: Widget, condition: Object, shared: str, composed: dict[str, str]) -> Object:
    written = as_text(condition.get("type")) or "equal_to"
    arguments = as_list(condition.get("arguments"))
    variable = _variable(widget, as_text(arguments[0] if arguments else None) or shared, composed)
    operator = _OPERATORS.get(written)
    if operator is None:
        widget.note("problem", "conditions", f"The comparison '{written}' is not known here: choose another one.")
    if written in _MOMENTS:
        message = f"'{written}' compares as text or number here: write both as HH:MM or YYYY-MM-DD."
        widget.note("problem", "conditions", message)
    rule: Object = {"variable": variable, "operator": operator or written}
    if operator in {"is_empty", "is_not_empty"}:
        return rule
    return rule | {"value": _value(widget, operator, as_text(condition.get("value")) or "")}


def _variable(widget: Widget, written: str, composed: dict[str, str]) -> str:
    single = single_path(written)
    if single is None:
        text = widget.translated(written, "input")
        # A call's keys and speech are one answer here, so the two together are that answer once.
        repeated = _REPEATED.fullmatch(text)
        if repeated is not None:
            return repeated[1]
        return composed.setdefault(text, f"{widget.variable}_input" + (f"_{len(composed) + 1}" if composed else ""))
    path, filters = single
    for name in filters:
        if name.partition(":")[0].strip() not in _IDLE_FILTERS:
            widget.note("problem", "input", f"The filter '{name[:40]}' is not applied before comparing.")
    variable = widget.variables.resolve(path)
    if variable is None:
        widget.note("problem", "input", f"'{path[:80]}' has no counterpart here: compare another value.")
    return variable or path


def _value(widget: Widget, operator: str | None, written: str) -> object:
    if operator == "matches":
        pattern = f"(?is)^(?:{written})$"
        try:
            compile_search(pattern)
        except PatternError as error:
            widget.note("problem", "conditions", str(error))
        return pattern
    value = widget.translated(written, "conditions")
    if operator in {"in", "not_in"} and "{{" not in value:
        return [choice.strip() for choice in value.split(",") if choice.strip()]
    return value
