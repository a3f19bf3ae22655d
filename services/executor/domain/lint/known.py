"""Findings about what lies outside of the document: other flows, and templates that Meta approved."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.executor.domain.document import FlowDocument
from services.executor.domain.finding import Finding, warning
from services.executor.domain.lint.templates import KnownTemplates, template_findings
from services.executor.domain.nodes.subflow import other_flow


@dataclass(frozen=True, slots=True)
class Known:
    """What the organization has, as far as the caller knows: None is not known, and nothing is said of it.

    `flows` are ids and names.
    """

    flows: frozenset[str] | None = None
    templates: KnownTemplates | None = None


def known_findings(document: FlowDocument, known: Known) -> Iterator[Finding]:
    """Check the flows and templates that nodes name; what is not there is a warning: it may come after the flow."""
    for node in document.nodes:
        if known.flows is not None and node.type in ("jump", "subflow"):
            flow = other_flow(node)
            if flow and flow not in known.flows:
                message = f'Node {node.id} leads to the flow "{flow[:60]}", which the organization does not have.'
                yield warning("unknown_flow", node.id, message, "Correct its name, or publish that flow first.")
        if known.templates is not None:
            yield from template_findings(document, node, known.templates)
