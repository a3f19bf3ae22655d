"""What is wrong with a flow: at save as advice, at publish errors refuse."""

from services.executor.domain.document import FlowDocument
from services.executor.domain.finding import Finding
from services.executor.domain.lint.content import content_findings
from services.executor.domain.lint.graph import graph_findings
from services.executor.domain.lint.known import Known, known_findings
from services.executor.domain.lint.names import name_findings
from services.executor.domain.lint.secrets import secret_findings
from services.executor.domain.lint.settings import setting_findings
from services.executor.domain.lint.template_parts import TemplateShape
from services.executor.domain.lint.templates import KnownTemplates

__all__ = ["Known", "KnownTemplates", "TemplateShape", "problems"]


def problems(document: FlowDocument, known: Known | None = None) -> tuple[Finding, ...]:
    """Every finding on a document, errors first, otherwise in the order of the document.

    With `known` also whether the flows and templates are there that it names.
    """
    findings = (
        *setting_findings(document),
        *graph_findings(document),
        *content_findings(document),
        *secret_findings(document),
        *name_findings(document),
        *known_findings(document, known or Known()),
    )
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))
