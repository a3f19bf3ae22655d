"""Set variable: values, arithmetic, moments; JavaScript becomes a script node that must be replaced."""

import json
import re

from services.executor.domain.expressions import ExpressionError, compile_expression
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.typebot.source import Block, Reading
from services.executor.domain.importers.values import Object, as_number, as_object, as_text, present

_ONE_VARIABLE = re.compile(r"\s*\{\{([^{}]+)\}\}\s*")
_QUOTED = re.compile(r"\s*(?:\"([^\"\\]*)\"|'([^'\\]*)'|`([^`\\$]*)`)\s*")
_ARITHMETIC = re.compile(r"(?:\{\{[^{}]+\}\}|\"[^\"]*\"|'[^']*'|\d+(?:\.\d+)?|[-+*/()\s])++")
_OPERATOR = re.compile(r"\s[-+*/]\s|\}\}\s*[-+*/]|[-+*/]\s*\{\{")
_CODE = re.compile(r"\w\s*\(|=>|\breturn\b|===|!==|&&|\|\||\bnew\s|\]\.|\$\{|\.length\b|;\s*$|\?.*:|\bconst\b|\blet\b")
_MOMENTS = {"Now": 0, "Today": 0, "Tomorrow": 1, "Yesterday": -1}
# What the flow knows of itself and of the contact.
_KNOWN = {
    "Phone number": "contact.phone",
    "User ID": "contact.phone",
    "Contact name": "contact.name",
    "Result ID": "conversation.id",
}
_SCRIPTED = frozenset({"Map item with same index", "Pop", "Shift", "Moment of the day", "Transcript", "Random ID"})
_MOST_JSON = 10_000
_MOST_TEXT = 5_000


def read_set_variable(block: Block) -> Reading:
    kind = as_text(block.options.get("type")) or "Custom"
    if block.variable() is None:
        block.note("problem", "assignments", "The block names no variable: fill 'name'.")
    if kind in _MOMENTS:
        return Reading(_moment(block, kind))
    if kind in _SCRIPTED:
        return _script(block, f"'{kind}' has no counterpart", kind)
    if kind in _KNOWN:
        return _assign(block, _KNOWN[kind], "variable")
    if kind == "Empty":
        return _assign(block, "")
    if kind == "Environment name":
        return _assign(block, "whatsapp")
    if kind == "Append value(s)":
        block.note("changed", "type", "Values are appended as lines of a text, not as items of a list.")
        return _assign(block, f"{{{{{block.variable() or ''}}}}}\n{block.text('item', block.options.get('item'))}")
    if kind != "Custom":
        return _script(block, f"'{kind}' is not known", kind)
    return _custom(block)


def _custom(block: Block) -> Reading:
    written = block.options.get("expressionToEvaluate")
    raw = as_text(written) or ""
    if block.options.get("isCode") is True:
        return _script(block, "Scripts are not run", "Custom")
    number = as_number(raw) if isinstance(written, str) else as_number(written)
    if number is not None and "," not in raw:
        return _assign(block, number)
    one = _ONE_VARIABLE.fullmatch(raw)
    if one and not one[1].strip().startswith("="):
        return _assign(block, block.bot.names.native(one[1].strip()), "variable")
    quoted = _QUOTED.fullmatch(raw)
    if quoted:
        return _assign(block, block.text("value", next(part for part in quoted.groups() if part is not None)))
    if _ARITHMETIC.fullmatch(raw) and _OPERATOR.search(raw):
        return _arithmetic(block, raw)
    listed = _json(raw)
    if listed is not None:
        return _assign(block, listed)
    if len(raw) > _MOST_TEXT or _CODE.search(raw):
        return _script(block, "Scripts are not run", "Custom")
    return _assign(block, block.text("value", raw))


def _arithmetic(block: Block, raw: str) -> Reading:
    text = block.text("value", raw)
    try:
        compile_expression(text)
    except ExpressionError:
        return _script(block, "The expression is not understood", "Custom")
    return _assign(block, text, "expression")


def _json(raw: str) -> object:
    """A list or object that is written out; None when it is none or holds placeholders."""
    if raw.strip()[:1] not in ("[", "{") or "{{" in raw or len(raw) > _MOST_JSON:
        return None
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list | dict) else None


def _assign(block: Block, value: object, kind: str = "static") -> Reading:
    name = block.variable()
    block.without(("saveItemInVariableId",), "there is no item to save.")
    item: Object = {"name": name, "valueType": kind, "value": value}
    return Reading(Draft("set_variable", {"assignments": [item] if name else []}))


def _moment(block: Block, kind: str) -> Draft:
    days = _MOMENTS[kind]
    zone = as_text(block.options.get("timeZone"))
    data: Object = {"operation": "get_current", "outputVariable": block.variable() or "", "timezone": zone}
    data["format"] = "%Y-%m-%d" if kind == "Today" else "%Y-%m-%dT%H:%M:%S%z"
    if days:
        data |= {"operation": "add" if days > 0 else "subtract", "addAmount": 1, "addUnit": "days"}
    return Draft("datetime", present(data))


def _script(block: Block, why: str, kind: str) -> Reading:
    block.note("problem", "code", f"{why}: replace the node by set_variable, condition or http_request.")
    code = as_text(block.options.get("expressionToEvaluate")) or ""
    extra = as_object(block.options.get("mapListItemParams"))
    data: Object = {"language": "javascript", "code": code, "outputVariable": block.variable()}
    return Reading(Draft("script", present(data) | ({"kind": kind} if kind != "Custom" else {}) | extra))
