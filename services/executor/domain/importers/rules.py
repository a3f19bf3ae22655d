"""Condition rules of every dialect as {variable, operator, value}."""

import re

from services.executor.domain.importers.reading import NodeSource, part
from services.executor.domain.importers.values import (
    Object,
    as_list,
    as_object,
    as_text,
    present,
    variable_name,
)
from services.executor.domain.importers.vocabulary import OPERATORS, squash

_NAME = r"(?:\{\{\s*)?(?P<variable>[^\W\d][\w.]*)(?:\s*\}\})?"
_COMPARISON = re.compile(
    rf"\s*{_NAME}\s*(?P<operator>===?|!==?|>=|<=|<>|>|<|=|\b[a-z_]+\b)\s*(?P<value>\S.*?)\s*",
    re.IGNORECASE | re.DOTALL,
)
_BARE = re.compile(rf"\s*(?P<negated>!|not\s+)?\s*{_NAME}\s*", re.IGNORECASE)
_AND, _OR = (
    re.compile(r"\s*&&\s*|\s+and\s+", re.IGNORECASE),
    re.compile(r"\s*\|\|\s*|\s+or\s+", re.IGNORECASE),
)
_UNARY = frozenset({"is_empty", "is_not_empty"})
_MAX_EXPRESSION = 2000


def read_rule(node: NodeSource, item: object) -> Object | None:
    """One rule from an object; None, reported, when it names no variable."""
    fields = as_object(item)
    variable = variable_name(part(fields, "variable"))
    if variable is None:
        node.note("problem", "conditions", "A condition names no variable: fill 'variable'.")
        return None
    operator = _operator(node, part(fields, "operator"))
    value = fields.get("value")
    if operator in {"in", "not_in"}:
        value = _choices(value)
    return {"variable": variable, "operator": operator} | (
        {} if operator in _UNARY else {"value": value if value is not None else ""}
    )


def read_expression(node: NodeSource, text: str) -> Object | None:
    """Rules of `name == 'value'`, of a bare name (true when set and not false), or several "
    "joined by && or ||."""
    if len(text) <= _MAX_EXPRESSION:
        for splitter, match in ((None, "all"), (_OR, "any"), (_AND, "all")):
            pieces = splitter.split(text) if splitter else [text]
            parsed = [_comparison(piece) or _bare(piece) or {} for piece in pieces]
            if all(_joins(rules, match, len(pieces)) for rules in parsed):
                return _joined(parsed, match)
    node.note(
        "problem",
        "condition",
        f"The condition '{text[:80]}' is not understood: write it as variable, operator and value.",
    )
    return None


def _operator(node: NodeSource, written: object) -> str:
    name = as_text(written) or "=="
    known = OPERATORS.get(squash(name))
    if known is None:
        node.note(
            "problem",
            "operator",
            f"Operator '{name}' is not known: choose one of == != > < >= <= contains in matches and so on.",
        )
    return known or name


def _comparison(text: str) -> Object | None:
    found = _COMPARISON.fullmatch(text)
    operator = OPERATORS.get(squash(found["operator"])) if found else None
    if found is None or operator is None or operator in _UNARY:
        return None
    value = _literal(found["value"])
    if value is None:
        return None
    rule: Object = {"variable": found["variable"], "operator": operator, "value": value}
    return {"rules": [rule], "match": "all"}


def _literal(text: str) -> str | None:
    """The text inside quotes, or a bare word; None when quotes do not pair up."""
    if text[0] in "'\"":
        return text[1:-1] if len(text) > 1 and text[-1] == text[0] and text[0] not in text[1:-1] else None
    return text if re.fullmatch(r"[^\s'\"&|()]+", text) else None


def _bare(text: str) -> Object | None:
    found = _BARE.fullmatch(text)
    if found is None:
        return None
    name = found["variable"]
    if found["negated"]:
        rules = [
            {"variable": name, "operator": "is_empty"},
            {"variable": name, "operator": "==", "value": "false"},
        ]
        return {"rules": rules, "match": "any"}
    rules = [
        {"variable": name, "operator": "is_not_empty"},
        {"variable": name, "operator": "!=", "value": "false"},
    ]
    return {"rules": rules, "match": "all"}


def _joins(rules: Object, match: str, pieces: int) -> bool:
    """Whether a piece was understood and its rules may stand beside those of other pieces."""
    return bool(rules) and (pieces == 1 or len(as_list(rules["rules"])) == 1 or rules["match"] == match)


def _joined(parsed: list[Object], match: str) -> Object:
    if len(parsed) == 1:
        return parsed[0]
    return {"rules": [rule for item in parsed for rule in as_list(item["rules"])], "match": match}


def _choices(value: object) -> list[object]:
    if isinstance(value, str):
        return [choice.strip() for choice in value.split(",")]
    return list(value) if isinstance(value, list) else as_list([value] if value is not None else [])


def match_of(written: object, default: str = "all") -> str:
    """Read "any" for OR, "all" for AND, the default when nothing is written."""
    return {"or": "any", "any": "any", "and": "all", "all": "all"}.get(squash(as_text(written) or ""), default)


def rule_part(item: object) -> Object:
    """The parts of a condition that say where it leads: branch, label, target."""
    fields = as_object(item)
    return present({"branch": part(fields, "branch"), "label": fields.get("label"), "next": part(fields, "next")})
