"""Recognises which of PyTake's own dialects a document speaks.

Only three decisions hang on the answer (a question's caption as its text, the start of a list without
edges, the envelope's name), so a wrong guess between near relatives costs little: readers accept mixed keys.
"""

from collections.abc import Iterable

from services.executor.domain.importers.place import locate
from services.executor.domain.importers.values import Object, as_list, as_object
from services.executor.domain.importers.vocabulary import squash

NATIVE = "native"
EXPORT = "export"
# The plan's dialect is the canonical one, so it is what a document without marks speaks.
UNTOLD = "P"
SCHEMA_PREFIX = "pytake.flow/"

_POINTERS = frozenset({"next_node_id", "true_next_node_id", "false_next_node_id"})
_V2_PREFIXES = ("trigger_", "msg_", "logic_", "data_", "db_", "int_", "action_", "flow_", "ai_", "api_rest")
_T_KEYS = frozenset({"message", "question", "endMessage"})
_B_KEYS = frozenset({"messageText", "questionText", "farewellMessage", "bodyText"})
_T_TYPES = frozenset({"setvariable", "apicall", "aiprompt"})
_V_TYPES = frozenset({"trigger_keyword", "buttons", "input", "switch"})
_A_KEYS = frozenset({"message", "question", "variable"})
_P_KEYS = frozenset({"content", "variableName"})


def detect_dialect(source: object) -> str:
    """The letter of the dialect, "native", "export" for the product's envelope; "P" when nothing tells."""
    document = as_object(source)
    if is_native(document):
        return NATIVE
    if is_envelope(document):
        return EXPORT
    _, holders = locate(document)
    return graph_dialect(holders[0]) if holders else UNTOLD


def is_native(document: Object) -> bool:
    schema = document.get("schema")
    return isinstance(schema, str) and schema.startswith(SCHEMA_PREFIX)


def is_envelope(document: Object) -> bool:
    return "format_version" in document and bool(as_object(document.get("flow")).get("canvas_data"))


def graph_dialect(graph: Object) -> str:
    """The dialect of the object that holds `nodes`, by what its nodes look like."""
    listed = graph.get("nodes")
    nodes = [
        node for node in (listed.values() if isinstance(listed, dict) else as_list(listed)) if isinstance(node, dict)
    ]
    return _by_pointers(graph, nodes) or _by_builder(nodes) or _by_plain_type(nodes)


def _by_pointers(graph: Object, nodes: list[Object]) -> str | None:
    fields = [node.keys() | _data(node).keys() for node in nodes]
    if any(names & _POINTERS for names in fields):
        return "S"
    if any("node_type" in node for node in nodes):
        return "R"
    linked = any("next" in names for names in fields) or any(squash(_type(node)) == "entry" for node in nodes)
    return "R" if linked and not graph.get("edges") else None


def _by_builder(nodes: list[Object]) -> str | None:
    built = [node for node in nodes if isinstance(_data(node).get("nodeType"), str)]
    if not built:
        return None
    names = [str(_data(node)["nodeType"]) for node in built]
    if any(name.startswith(_V2_PREFIXES) and _type(node) == name for name, node in zip(names, built, strict=True)):
        return "V2"
    if any(isinstance(_data(node).get("config"), dict) for node in built):
        return "B2"
    test_file = sum(bool(_data(node).keys() & _T_KEYS) for node in built) + sum(name in _T_TYPES for name in names)
    return "T" if test_file > sum(bool(_data(node).keys() & _B_KEYS) for node in built) else "B"


def _by_plain_type(nodes: list[Object]) -> str:
    types = [_type(node) for node in nodes]
    data = [_data(node) for node in nodes]
    if any(isinstance(fields.get("content"), dict) and "text" in as_object(fields["content"]) for fields in data):
        return "G"
    if any("branch" in as_object(rule) for fields in data for rule in as_list(fields.get("conditions"))):
        return "G"
    if any(
        kind == "condition" and isinstance(fields.get("condition"), str)
        for kind, fields in zip(types, data, strict=True)
    ):
        return "Q"
    if any(kind in _V_TYPES for kind in types):
        return "V"
    if "trigger" in types:
        return "M"
    if any(kind == "text" and isinstance(fields.get("text"), str) for kind, fields in zip(types, data, strict=True)):
        return "Q"
    return "A" if _count(data, _A_KEYS) > _count(data, _P_KEYS) else UNTOLD


def _count(data: Iterable[Object], names: frozenset[str]) -> int:
    return sum(bool(fields.keys() & names) for fields in data)


def _data(node: Object) -> Object:
    return as_object(node.get("data"))


def _type(node: Object) -> str:
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""
