"""What is wrong with a flow: at save as advice, at publish errors refuse."""

from services.executor.domain.document import FlowDocument
from services.executor.domain.finding import Finding
from services.executor.domain.lint.content import content_findings
from services.executor.domain.lint.graph import graph_findings
from services.executor.domain.lint.names import name_findings

__all__ = ["problems"]


def problems(document: FlowDocument) -> tuple[Finding, ...]:
    """Every finding on a document, errors first, otherwise in the order of the document."""
    findings = (*graph_findings(document), *content_findings(document), *name_findings(document))
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))
