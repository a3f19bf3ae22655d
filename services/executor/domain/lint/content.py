"""Findings inside nodes: types that cannot run, bad templates, and what each type checks itself."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, object_at, objects_at, text_at
from services.executor.domain.lint.settings import POLICIES
from services.executor.domain.lint.texts import texts_in
from services.executor.domain.nodes import LATER_TYPES, NODE_TYPES
from services.executor.domain.nodes.template import check_template
from services.executor.domain.templates import TemplateError, compile_template

# Each may take a megabyte of memory while it runs (domain/patterns.py).
MAX_PATTERNS: Final = 50

_MATCHES = re.compile(r"\bmatches\s*\(")


def content_findings(document: FlowDocument) -> Iterator[Finding]:
    """Check every node by itself."""
    patterns = sum([_count_patterns(node.data) for node in document.nodes])
    if patterns > MAX_PATTERNS:
        message = f"The flow has {patterns} regular expressions; {MAX_PATTERNS} are allowed."
        yield error("too_many_patterns", None, message, "Use other operators, or split the flow into several.")
        return
    for node in document.nodes:
        yield from _node_findings(node)


def _count_patterns(data: Mapping[str, Json]) -> int:
    holders = (data, *objects_at(data, "routes"))
    rules = [rule for holder in holders for rule in objects_at(holder, "rules")]
    has_validation = bool(text_at(object_at(data, "validation"), "regex"))
    expressions = [text_at(data, "expression"), *(text_at(item, "value") for item in objects_at(data, "assignments"))]
    in_expressions = sum([len(_MATCHES.findall(expression)) for expression in expressions])
    return sum([text_at(rule, "operator") == "matches" for rule in rules]) + has_validation + in_expressions


def _node_findings(node: Node) -> Iterator[Finding]:
    node_type = NODE_TYPES.get(node.type)
    if node_type is None:
        yield _type_finding(node)
        return
    broken = tuple(_template_findings(node, (*node_type.texts, "windowTemplate")))
    # A type's own checks measure its templates, so they need templates that parse.
    yield from broken or node_type.check(node)
    if not broken and node_type.needs_window and node_type.speaks(node):
        yield from _window_findings(node)


def _window_findings(node: Node) -> Iterator[Finding]:
    policy, template = text_at(node.data, "onWindowClosed"), object_at(node.data, "windowTemplate")
    if policy not in ("", *POLICIES):
        message = f'The "onWindowClosed" of node {node.id} is unknown.'
        yield error("unknown_policy", node.id, message, f"Write one of {', '.join(POLICIES)}.")
    if policy == "template" or template:
        yield from check_template(node, template)


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
