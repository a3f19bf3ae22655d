"""Menus of WhatsApp: reply buttons and lists, with Meta's limits reported, not enforced.

Limits in characters: Cloud API reference, interactive objects (button 20, header and footer 60,
list button 20, section and row title 24, row description 72; 3 buttons; 10 sections and 10 rows in all).
"""

from services.executor.domain.importers.reading import Draft, NodeSource, part
from services.executor.domain.importers.values import (
    Object,
    as_id,
    as_list,
    as_number,
    as_object,
    as_text,
    present,
    variable_name,
)

_BUTTONS, _ROWS = 3, 10
_TITLE, _HEADER, _ROW_TITLE, _DESCRIPTION = 20, 60, 24, 72


def read_buttons(node: NodeSource) -> Draft:
    if as_list(node.take("sections", "list")) or as_list(node.take("rows", "list")):
        return read_list(node)
    data = _frame(node, "buttons")
    buttons = reply_buttons(node, "buttons")
    if not buttons:
        node.note("problem", "buttons", "The node has no buttons: list at least one with 'id' and 'title'.")
    more = {"buttons": buttons, "variableName": _variable(node)} | _patience(node, "buttons")
    return Draft("buttons", data | more)


def read_list(node: NodeSource) -> Draft:
    data = _frame(node, "list")
    button = node.text("buttonText", "list")
    if not button:
        node.note("changed", "buttonText", "The list has no button text and shows a usual one: fill 'buttonText'.")
    _limit(node, "buttonText", button, _TITLE)
    sections = _sections(node)
    count = sum(len(as_list(as_object(section)["rows"])) for section in sections)
    if not 0 < count <= _ROWS:
        node.note("problem", "sections", f"The list has {count} rows; WhatsApp takes 1 to {_ROWS}: add or split.")
    return Draft(
        "list",
        data
        | present({"buttonText": button})
        | {"sections": sections, "variableName": _variable(node)}
        | _patience(node, "list"),
    )


def time_limit(node: NodeSource, group: str) -> Object:
    """How long an answer is waited for, in whole seconds; empty for ever."""
    seconds = as_number(node.take("timeoutSeconds", group))
    return {} if seconds is None or seconds < 1 else {"timeoutSeconds": int(seconds)}


def _patience(node: NodeSource, group: str) -> Object:
    """What happens with a wrong answer, or none."""
    error, attempts = node.text("errorMessage", group), node.take("maxAttempts", group)
    return present({"errorMessage": error, "maxAttempts": as_number(attempts)}) | time_limit(node, group)


def reply_buttons(node: NodeSource, group: str) -> list[Object]:
    """Buttons {id, title} from objects or plain strings; their own targets become pointers."""
    buttons = [_choice(node, item, index, "buttons") for index, item in enumerate(as_list(node.take("buttons", group)))]
    found = [button for button in buttons if button]
    if any("description" in button for button in found):
        node.note("dropped", "buttons", "Reply buttons show no description: use a list node if it matters.")
    for button in found:
        button.pop("description", None)
        _limit(node, "buttons", button["title"], _TITLE)
    if len(found) > _BUTTONS:
        node.note(
            "problem",
            "buttons",
            f"The node has {len(found)} buttons; WhatsApp takes {_BUTTONS}: use a list node.",
        )
    return found


def _frame(node: NodeSource, group: str) -> Object:
    content, header, footer = (node.text(name, group) for name in ("content", "header", "footer"))
    if not content:
        node.note("problem", "content", "The menu has no text: fill 'content'.")
    _limit(node, "header", header, _HEADER)
    _limit(node, "footer", footer, _HEADER)
    return {"content": content or "", **present({"header": header or None, "footer": footer or None})}


def _variable(node: NodeSource) -> str:
    """Without a name the choice goes where the old runtime left it."""
    return variable_name(node.take("variableName", "buttons")) or "selected_option"


def _sections(node: NodeSource) -> list[Object]:
    sections = [as_object(item) for item in as_list(node.take("sections", "list"))]
    flat = as_list(node.take("rows", "list"))
    if flat or not any("rows" in section for section in sections):
        sections = [{"rows": flat or sections}]
    return [_section(node, section) for section in sections]


def _section(node: NodeSource, section: Object) -> Object:
    title = as_text(section.get("title"))
    _limit(node, "sections", title, _ROW_TITLE)
    rows = [_choice(node, item, index, "rows") for index, item in enumerate(as_list(section.get("rows")))]
    for row in rows:
        _limit(node, "sections", row.get("title"), _ROW_TITLE)
        _limit(node, "sections", row.get("description"), _DESCRIPTION)
    return {"title": title or "", "rows": [row for row in rows if row]}


def _choice(node: NodeSource, item: object, index: int, name: str) -> Object:
    """{id, title, description?} of a button or row; empty when it has no text to show."""
    fields = as_object(item) if isinstance(item, dict) else {"title": item}
    title = as_text(part(fields, "title"))
    if not title:
        node.note("dropped", name, f"Entry {index + 1} of '{name}' has no text and was dropped: give it a 'title'.")
        return {}
    choice_id = as_id(part(fields, "id")) or title
    node.point(choice_id, part(fields, "next"), f"{name}[{index}].next")
    return {"id": choice_id, "title": title} | present({"description": as_text(fields.get("description"))})


def _limit(node: NodeSource, name: str, text: object, limit: int) -> None:
    if isinstance(text, str) and len(text) > limit and "{{" not in text:
        node.note(
            "problem",
            name,
            f"Text '{text}' in '{name}' has {len(text)} characters; WhatsApp takes {limit}: shorten it.",
        )
