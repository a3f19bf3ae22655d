"""Findings about templates that nodes name: as far as sender knows them, whether they can be sent, and as they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.finding import Finding, error, warning
from services.executor.domain.json_value import Json, object_at, objects_at, text_at, whole_number_at
from services.executor.domain.nodes.template import parameters_of

_FILES: Final = frozenset({"image", "video", "document", "location", "product", "gif"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateShape:
    """What a template takes: the kind of its header, names of values (empty where they go by order), their counts.

    `buttons` are what is written on each, and whether it takes a value.
    """

    header: str = "none"
    header_values: int = 0
    body_values: int = 0
    body_names: tuple[str, ...] = ()
    is_body_known: bool = True
    buttons: tuple[tuple[str, bool], ...] = ()


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
        if key in known.shapes and not holder.get("components"):
            for complaint, mend in _faults(holder, known.shapes[key]):
                yield error("template_parameters", node.id, f"{called} {complaint}.", mend)


def _faults(holder: Mapping[str, Json], shape: TemplateShape) -> Iterator[tuple[str, str]]:
    header, body = parameters_of(holder, "header"), parameters_of(holder, "body")
    if shape.header in _FILES:
        given = [text_at(value, "type") for _, value in header if isinstance(value, dict)]
        if given != [shape.header]:
            yield f"shows {shape.header} on top", f'Give one as "header": {{"type": "{shape.header}", …}}.'
    elif len(header) != shape.header_values:
        yield f"takes {_values(shape.header_values)} in its header, not {len(header)}", "Give as many."
    if shape.body_names:
        if {name for name, _ in body} != set(shape.body_names):
            yield f"names the values of its body: {', '.join(shape.body_names)}", "Give each by its name."
    elif shape.is_body_known and len(body) != shape.body_values:
        yield f"takes {_values(shape.body_values)} in its body, not {len(body)}", "Give as many."
    yield from _button_faults(holder, shape)


def _button_faults(holder: Mapping[str, Json], shape: TemplateShape) -> Iterator[tuple[str, str]]:
    entries = objects_at(object_at(holder, "parameters"), "buttons")
    places = [whole_number_at(item, "index") for item in entries]
    given = {n if place is None else place for n, place in enumerate(places)}
    for place, (text, needs_value) in enumerate(shape.buttons):
        if needs_value and place not in given:
            yield f'has the button "{text}" that takes a value', f'Add {{"index": {place}, …}} to "buttons".'
    for place in sorted(given):
        if not 0 <= place < len(shape.buttons):
            yield f"has no button {place}", "Take its value out."


def _values(count: int) -> str:
    return "no values" if not count else "1 value" if count == 1 else f"{count} values"
