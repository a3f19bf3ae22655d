"""From pywce's stages to a native flow: read each, find where the dialogue begins, draw the routes."""

from collections.abc import Sequence

from services.executor.domain.importers.canvas import Canvas, Place
from services.executor.domain.importers.names import Names
from services.executor.domain.importers.pywce.answers import sort_routes
from services.executor.domain.importers.pywce.entry import draw_entry
from services.executor.domain.importers.pywce.form import FORM, is_form, read_form
from services.executor.domain.importers.pywce.source import (
    Stage,
    built_stages,
    is_built,
    is_stage_map,
    is_trigger_map,
    mapped_stages,
    triggers,
)
from services.executor.domain.importers.pywce.stages import read_stage
from services.executor.domain.importers.pywce.texts import Allowance, Voice
from services.executor.domain.importers.report import Findings
from services.executor.domain.importers.values import Object, as_text

_UNNAMED = "Imported flow"


def dialect_of(document: Object) -> str | None:
    """ "pywce" for stages, triggers and the builder's export, "whatsapp_flow" for a form of WhatsApp Flows."""
    if is_form(document):
        return FORM
    if "nodes" in document:
        return None
    return "pywce" if is_built(document) or is_stage_map(document) or is_trigger_map(document) else None


def read(document: Object, name: str | None, findings: Findings) -> Object:
    """Read what dialect_of recognises."""
    if is_form(document):
        return read_form(document, name, findings)
    built = is_built(document)
    stages = list(built_stages(document, findings) if built else mapped_stages(document, findings))
    canvas = Canvas(findings)
    ids = _draw(canvas, stages)
    named = [(stage, as_text(stage.settings.get("trigger"))) for stage in stages]
    marked = [(stage.name, pattern.removeprefix("re:").strip()) for stage, pattern in named if pattern]
    draw_entry(canvas, stages, ids, [*marked, *triggers({} if built else document)])
    head: Object = {"name": name or (as_text(document.get("name")) if built else None) or _UNNAMED}
    rest = {key: value for key, value in document.items() if key != "templates"} if built else _strings(document)
    return canvas.finish(head | {"settings": {}, "variables": {}}, rest)


def _strings(document: Object) -> Object:
    """What of a map of stages is none: triggers and whatever else stands between them."""
    return {key: value for key, value in document.items() if not isinstance(value, dict)}


def _draw(canvas: Canvas, stages: Sequence[Stage]) -> dict[str, str]:
    """Draw the stages, then their routes; returns the node id of each stage."""
    names, allowance, drawn = Names(), Allowance(), []
    ids: dict[str, str] = {}
    for stage in stages:
        node_id = canvas.claim(stage.name, "stage")
        if node_id != stage.name:
            message = f"Two templates have the id '{stage.name}'; the later one is '{node_id}' now: check its routes."
            canvas.note("problem", node_id, "id", message)
        ids.setdefault(stage.name, node_id)
        voice = Voice(stage, node_id, names, canvas.findings, allowance)
        found = read_stage(voice, sort_routes(voice))
        canvas.draw(node_id, found.draft, stage.raw, Place(*stage.position, stage.caption))
        drawn.append((node_id, found))
    for node_id, found in drawn:
        last = node_id
        for inner in found.draft.after:
            decides = inner.type == "condition"
            following = canvas.claim(f"{node_id}-{'routes' if decides else 'reply'}", "next")
            canvas.nodes[following] = {"id": following, "type": inner.type, "data": inner.data}
            canvas.connect(last, following, "answered" if decides else None)
            last = following
        for handle, target in found.ways:
            canvas.connect(last, ids.get(target, target), handle)
    return ids
