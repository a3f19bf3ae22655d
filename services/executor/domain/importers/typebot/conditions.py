"""Comparisons of conditions as rules."""

from services.executor.domain.importers.typebot.source import Block
from services.executor.domain.importers.values import Object, as_list, as_object, as_text

_OPERATORS = {
    "Equal to": "==",
    "Not equal": "!=",
    "Contains": "contains",
    "Does not contain": "not_contains",
    "Greater than": ">",
    "Greater or equal to": ">=",
    "Less than": "<",
    "Less or equal to": "<=",
    "Is set": "is_not_empty",
    "Is empty": "is_empty",
    "Starts with": "starts_with",
    "Ends with": "ends_with",
    "Matches regex": "matches",
}
_UNARY = frozenset({"is_empty", "is_not_empty"})


def read_rules(block: Block, condition: Object) -> Object:
    """{rules, match} of a condition; a comparison without a variable or operator is reported and left out."""
    rules = [_rule(block, as_object(item)) for item in as_list(condition.get("comparisons"))]
    match = "any" if condition.get("logicalOperator") == "OR" else "all"
    if not any(rules):
        block.note("problem", "comparisons", "The condition compares nothing: choose a variable and an operator.")
    return {"rules": [rule for rule in rules if rule], "match": match}


def _rule(block: Block, comparison: Object) -> Object:
    variable = block.bot.variable(comparison.get("variableId"))
    written = as_text(comparison.get("comparisonOperator"))
    operator = _OPERATORS.get(written or "")
    if variable is None:
        block.note("problem", "comparisons", "A comparison names no variable and was left out: choose one.")
        return {}
    if operator is None:
        what = f"'{written}' cannot be said" if written else f"The comparison of '{variable}' has no operator"
        block.note("problem", "comparisons", f"{what}, so the comparison was left out: choose another operator.")
        return {}
    rule: Object = {"variable": variable, "operator": operator}
    if operator in _UNARY:
        return rule
    value = block.text("comparisons", comparison.get("value"))
    return rule | {"value": _pattern(value) if operator == "matches" else value}


def _pattern(value: str) -> str:
    """A pattern without the slashes of JavaScript around it; its flag i is kept."""
    head, slash, flags = value.rpartition("/")
    if not value.startswith("/") or not slash or not head:
        return value
    return f"(?i){head[1:]}" if "i" in flags else head[1:]
