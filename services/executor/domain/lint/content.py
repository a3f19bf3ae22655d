"""Findings inside nodes and settings: types that cannot run, bad templates, and what each type checks itself."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.flow_settings import read_zone
from services.executor.domain.json_value import Json, object_at, objects_at, text_at
from services.executor.domain.nodes import LATER_TYPES, NODE_TYPES
from services.executor.domain.templates import TemplateError, compile_template

# Each may take a megabyte of memory while it runs (domain/patterns.py).
MAX_PATTERNS: Final = 50


def content_findings(document: FlowDocument) -> Iterator[Finding]:
    """Check the settings and every node by itself."""
    try:
        read_zone(document.settings)
    except ValueError as reason:
        yield error("unknown_timezone", None, str(reason), 'Write a name such as "America/Sao_Paulo".')
    for field, text in inactivity_texts(document):
        try:
            compile_template(text)
        except TemplateError as reason:
            message = f'The text in "inactivity.{field}" is no template: {reason}'
            yield error("bad_template", None, message, "Correct the braces.")
    patterns = sum([_count_patterns(node.data) for node in document.nodes])
    if patterns > MAX_PATTERNS:
        message = f"The flow has {patterns} regular expressions; {MAX_PATTERNS} are allowed."
        yield error("too_many_patterns", None, message, "Use other operators, or split the flow into several.")
        return
    for node in document.nodes:
        yield from _node_findings(node)


def inactivity_texts(document: FlowDocument) -> tuple[tuple[str, str], ...]:
    """What is said to a contact who stays silent, by its field."""
    inactivity = object_at(document.settings, "inactivity")
    return tuple((field, text_at(inactivity, field)) for field in ("warnMessage", "message"))


def _count_patterns(data: Mapping[str, Json]) -> int:
    holders = (data, *objects_at(data, "routes"))
    rules = [rule for holder in holders for rule in objects_at(holder, "rules")]
    has_validation = bool(text_at(object_at(data, "validation"), "regex"))
    return sum([text_at(rule, "operator") == "matches" for rule in rules]) + has_validation


def _node_findings(node: Node) -> Iterator[Finding]:
    node_type = NODE_TYPES.get(node.type)
    if node_type is None:
        yield _type_finding(node)
        return
    broken = tuple(_template_findings(node, node_type.texts))
    # A type's own checks measure its templates, so they need templates that parse.
    yield from broken or node_type.check(node)


def _type_finding(node: Node) -> Finding:
    if node.type in LATER_TYPES:
        message = f"Node {node.id} of type {node.type} cannot run in this version."
        return error("not_runnable", node.id, message, "Replace it by nodes that can, or remove it.")
    message = f"Node {node.id} of type {node.type} cannot run in this version: the type is unknown."
    return error("unknown_type", node.id, message, f"Use one of {', '.join(NODE_TYPES)}.")


def _template_findings(node: Node, fields: tuple[str, ...]) -> Iterator[Finding]:
    for field in fields:
        for text in texts_in(node.data.get(field)):
            try:
                compile_template(text)
            except TemplateError as reason:
                message = f'The text in "{field}" of node {node.id} is no template: {reason}'
                yield error("bad_template", node.id, message, "Correct the braces.")


def texts_in(value: Json) -> Iterator[str]:
    """Every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
