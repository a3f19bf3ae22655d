"""Findings about what lies outside of the document: other flows, and templates that Meta approved."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.finding import Finding, warning
from services.executor.domain.json_value import object_at, text_at
from services.executor.domain.nodes.subflow import other_flow


@dataclass(frozen=True, slots=True)
class Known:
    """What the organization has, as far as the caller knows: None is not known, and nothing is said of it.

    `flows` are ids and names; `templates` are the approved ones, by name, or by name and language as "name:pt_BR".
    """

    flows: frozenset[str] | None = None
    templates: frozenset[str] | None = None


def known_findings(document: FlowDocument, known: Known) -> Iterator[Finding]:
    """Check the flows and templates that nodes name; a warning, since they may come to be after the flow."""
    for node in document.nodes:
        if known.flows is not None and node.type in ("jump", "subflow"):
            flow = other_flow(node)
            if flow and flow not in known.flows:
                message = f'Node {node.id} leads to the flow "{flow[:60]}", which the organization does not have.'
                yield warning("unknown_flow", node.id, message, "Correct its name, or publish that flow first.")
        if known.templates is not None:
            yield from _template_findings(document, node, known.templates)


def _template_findings(document: FlowDocument, node: Node, approved: frozenset[str]) -> Iterator[Finding]:
    holders = [object_at(node.data, "windowTemplate"), *([dict(node.data)] if node.type == "template" else [])]
    for holder in holders:
        name = text_at(holder, "templateName").strip()
        language = text_at(holder, "languageCode").strip() or document.language
        if name and "{{" not in name + language and not approved & {name, f"{name}:{language}"}:
            message = f'The template "{name[:60]}" in {language} of node {node.id} is not approved.'
            yield warning("template_not_approved", node.id, message, "Have Meta approve it, or name another.")
