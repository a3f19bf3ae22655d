"""A form of WhatsApp Flows: no dialogue, but something a dialogue can send."""

from services.executor.domain.importers.canvas import Canvas
from services.executor.domain.importers.menu_limits import MAX_BUTTON_TITLE
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Findings
from services.executor.domain.importers.values import Object, as_id, as_list, as_object, as_text, present

FORM = "whatsapp_flow"


def is_form(document: Object) -> bool:
    screens = [item for item in as_list(document.get("screens")) if isinstance(item, dict)]
    return "version" in document and any("layout" in screen for screen in screens)


def read_form(document: Object, name: str | None, findings: Findings) -> Object:
    """A flow that sends the form and keeps what is filled in; the form itself stays with the node's source."""
    first = next((item for item in map(as_object, as_list(document.get("screens"))) if item), {})
    title = as_text(first.get("title")) or ""
    canvas = Canvas(findings)
    start, form = canvas.claim("start", "start"), canvas.claim("form", "form")
    canvas.nodes[start] = {"id": start, "type": "start", "data": {}}
    data = {"content": title, "buttonText": title[:MAX_BUTTON_TITLE], "mode": "draft", "variableName": "form"}
    canvas.draw(form, Draft("whatsapp_flow", data | present({"screen": as_id(first.get("id"))})), document)
    canvas.connect(start, form)
    message = "This is a form, no dialogue; the flow sends it. Store it at WhatsApp and put its id in 'flowId'."
    canvas.note("problem", form, "flowId", message)
    return canvas.finish({"name": name or title or "Imported form", "settings": {}, "variables": {}}, {})
