"""Findings about templates that nodes name: as far as sender knows them, whether they can be sent, and as they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.finding import Finding, error, warning
from services.executor.domain.json_value import object_at, text_at
from services.executor.domain.lint.template_parts import TemplateShape, given_by


@dataclass(frozen=True, slots=True)
class KnownTemplates:
    """The templates the organization has, by name, or by name and language as "name:pt_BR".

    `approved` can be sent; `stopped` are paused or disabled, with Meta's word for it.
    """

    approved: frozenset[str]
    stopped: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, TemplateShape] = field(default_factory=dict)


def template_findings(document: FlowDocument, node: Node, known: KnownTemplates) -> Iterator[Finding]:
    """Check the templates a node names."""
    holders = [object_at(node.data, "windowTemplate"), *([dict(node.data)] if node.type == "template" else [])]
    for holder in holders:
        name = text_at(holder, "templateName").strip()
        language = text_at(holder, "languageCode").strip() or document.language
        if not name or "{{" in name + language:
            continue
        key = f"{name}:{language}"
        called = f'The template "{name[:60]}" in {language} of node {node.id}'
        if key in known.stopped:
            message = f"{called} is {known.stopped[key]}: Meta takes no messages made from it."
            yield warning("template_stopped", node.id, message, "Wait until Meta approves it again, or name another.")
        elif not known.approved & {name, key}:
            yield warning(
                "template_not_approved", node.id, f"{called} is not approved.", "Have Meta approve it, or name another."
            )
        if key in known.shapes:
            for complaint, mend in given_by(holder).faults(known.shapes[key]):
                yield error("template_parameters", node.id, f"{called} {complaint}.", mend)
