"""What a bot's settings mean to a flow: which words start it, and how long a session lives."""

from services.executor.domain.importers.canvas import Canvas
from services.executor.domain.importers.report import Findings
from services.executor.domain.importers.values import Object, as_list, as_number, as_object, as_text

_MATCHES = {"Equal to": "exact", "Contains": "contains", "Starts with": "starts_with", "Matches regex": "regex"}
_HOUR = 3600
# Of the web page that shows a bot.
_PAGE = ("theme", "selectedThemeTemplateId", "customDomain", "publicId")


def read_settings(source: Object, findings: Findings) -> Object:
    settings = as_object(source.get("settings"))
    if any(source.get(name) for name in _PAGE):
        message = "How the bot looks on a web page has no effect here; it stays with the flow's source."
        findings.add("kept", "", "theme", message)
    for name in ("typingEmulation", "security", "metadata", "respondToEvents"):
        if settings.get(name):
            message = f"The setting '{name}' has no effect here; it stays with the flow's source."
            findings.add("kept", "", f"settings.{name}", message)
    hours = as_number(as_object(settings.get("whatsApp")).get("sessionExpiryTimeout"))
    return {} if hours is None or hours <= 0 else {"session_ttl_seconds": int(hours * _HOUR)}


def start_triggers(source: Object, canvas: Canvas, node_id: str) -> Object:
    """The start condition of a WhatsApp bot as keywords; without one the flow is started by whoever names it."""
    condition = as_object(as_object(as_object(source.get("settings")).get("whatsApp")).get("startCondition"))
    triggers: list[Object] = []
    for item in map(as_object, as_list(condition.get("comparisons"))):
        match, word = _MATCHES.get(as_text(item.get("comparisonOperator")) or ""), as_text(item.get("value"))
        if match and word:
            triggers.append({"kind": "keyword", "keywords": [word], "match": match})
        else:
            message = "A start condition cannot be said as a keyword and was left out: add a trigger."
            canvas.note("problem", node_id, "triggers", message)
    if len(triggers) > 1 and condition.get("logicalOperator") == "AND":
        canvas.note("changed", node_id, "triggers", "The start conditions were all needed; here each of them starts.")
    return {"triggers": triggers} if triggers else {}
