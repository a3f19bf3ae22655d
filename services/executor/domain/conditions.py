"""Rules of condition nodes: `variable operator value`, joined by all or any.

Texts compare trimmed and without regard to case; when both sides are numbers (decimal comma accepted)
== != > < >= <= compare as numbers. A missing variable is empty text: it `is_empty`, equals "" only, is
!= , `not_contains` and `not_in` of anything else, and > < >= <= contains starts_with ends_with matches
are false for it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from services.executor.domain.budget import STEP
from services.executor.domain.json_value import Json, number_of, objects_at, text_at, text_of
from services.executor.domain.patterns import Search, compile_search
from services.executor.domain.templates import compile_template
from services.executor.domain.variables import Reader, Scope, bare_name, compile_reader

Test = Callable[[Scope], bool]
Operator = Callable[[Json, Json], bool]


def _folded(value: Json) -> str:
    return text_of(value).strip().casefold()


def _equal(left: Json, right: Json) -> bool:
    one, other = number_of(left), number_of(right)
    return one == other if one is not None and other is not None else _folded(left) == _folded(right)


def _is_empty(value: Json) -> bool:
    return value is None or value == [] or value == {} or (isinstance(value, str) and not value.strip())


def _order(left: Json, right: Json) -> int | None:
    """Negative, zero or positive as left is below, equal to or above right; None when a side is empty."""
    if _is_empty(left) or _is_empty(right):
        return None
    one, other = number_of(left), number_of(right)
    if one is not None and other is not None:
        return (one > other) - (one < other)
    text, compared = _folded(left), _folded(right)
    return (text > compared) - (text < compared)


def _ordered(accept: Callable[[int], bool]) -> Operator:
    def test(left: Json, right: Json) -> bool:
        order = _order(left, right)
        return order is not None and accept(order)

    return test


def _contains(left: Json, right: Json) -> bool:
    if _is_empty(left) or _is_empty(right):
        return False
    if isinstance(left, list):
        return any(_equal(item, right) for item in left)
    return _folded(right) in _folded(left)


def _is_in(left: Json, right: Json) -> bool:
    choices = right if isinstance(right, list) else text_of(right).split(",")
    return not _is_empty(left) and any(_equal(left, choice) for choice in choices)


def _on_text(test: Callable[[str, str], bool]) -> Operator:
    return lambda left, right: not _is_empty(left) and not _is_empty(right) and test(_folded(left), _folded(right))


_OPERATORS: Final[dict[str, Operator]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    ">": _ordered(lambda order: order > 0),
    "<": _ordered(lambda order: order < 0),
    ">=": _ordered(lambda order: order >= 0),
    "<=": _ordered(lambda order: order <= 0),
    "contains": _contains,
    "not_contains": lambda left, right: not _contains(left, right),
    "in": _is_in,
    "not_in": lambda left, right: not _is_in(left, right),
    "starts_with": _on_text(str.startswith),
    "ends_with": _on_text(str.endswith),
    "is_empty": lambda left, right: _is_empty(left),
    "is_not_empty": lambda left, right: not _is_empty(left),
}
OPERATORS: Final = frozenset({*_OPERATORS, "matches"})


def compile_rule(rule: Mapping[str, Json]) -> Test:
    """Compile one rule; raises PatternError or TemplateError for a bad value. The test may raise WorkSpent."""
    read = compile_reader(bare_name(text_at(rule, "variable")))
    operator = text_at(rule, "operator") or "=="
    if operator == "matches":
        search = compile_search(text_at(rule, "value"))
        return lambda scope: _matches(search, read(scope), scope)
    test, value = _OPERATORS[operator], _value_reader(rule.get("value"))

    def tested(scope: Scope) -> bool:
        left, right = read(scope), value(scope)
        scope.budget.spend(_parts(left) * (STEP + _length(right)) + _parts(right) * (STEP + _length(left)))
        return test(left, right)

    return tested


def compile_rules(holder: Mapping[str, Json]) -> Test:
    """Compile `rules` and `match` (all by default) of a condition or a route; no rules is false."""
    tests = tuple(compile_rule(rule) for rule in objects_at(holder, "rules"))
    if not tests:
        return lambda scope: False
    if text_at(holder, "match") == "any":
        return lambda scope: any(test(scope) for test in tests)
    return lambda scope: all(test(scope) for test in tests)


def _matches(search: Search, value: Json, scope: Scope) -> bool:
    if _is_empty(value):
        return False
    text = text_of(value).strip()
    scope.budget.spend(STEP + search.cost(text))
    return search.matches(text)


def _length(value: Json) -> int:
    """How much there is to compare; the parts of a list are counted as parts."""
    return len(value) if isinstance(value, str) else STEP


def _parts(value: Json) -> int:
    """How many comparisons a side may mean: a list is looked through, and so is a text with commas."""
    if isinstance(value, list | dict):
        return len(value) + 1
    return value.count(",") + 1 if isinstance(value, str) else 1


def _value_reader(value: Json) -> Reader:
    if isinstance(value, str) and "{{" in value:
        template = compile_template(value)
        return template.render
    return lambda scope: value
