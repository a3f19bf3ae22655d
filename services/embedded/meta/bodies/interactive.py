"""The interactive messages: reply buttons and lists to the letter, the other kinds by their frame."""

from collections.abc import Callable

from .fields import JsonObject, child, children, missing, optional_words, unique, web_link, words, wrong

MEDIA_HEADERS = ("image", "video", "document")


def check_interactive(interactive: JsonObject) -> None:
    """Refuse what Meta refuses in the `interactive` object."""
    kind = words(interactive, "type", "interactive.type", 64)
    check = _CHECKS.get(kind)
    if check is None:
        wrong("interactive.type", f"{kind} is not a type of interactive message")
    check(interactive)


def _check_frame(interactive: JsonObject, body_most: int = 1024, headers: tuple[str, ...] = MEDIA_HEADERS) -> None:
    words(child(interactive, "body", "interactive.body"), "text", "interactive.body.text", body_most)
    if "footer" in interactive:
        optional_words(child(interactive, "footer", "interactive.footer"), "text", "interactive.footer.text", 60)
    if "header" in interactive:
        _check_header(child(interactive, "header", "interactive.header"), headers)


def _check_header(header: JsonObject, media: tuple[str, ...]) -> None:
    kind = words(header, "type", "interactive.header.type", 64)
    if kind == "text":
        words(header, "text", "interactive.header.text", 60)
    elif kind in media:
        check_media_source(child(header, kind, f"interactive.header.{kind}"), f"interactive.header.{kind}")
    else:
        wrong("interactive.header.type", f"{kind} is not allowed here")


def check_media_source(media: JsonObject, path: str) -> None:
    """A media object names an uploaded id or a link that Meta can fetch."""
    if "id" in media:
        words(media, "id", f"{path}.id", 512)
    elif "link" in media:
        web_link(media, "link", f"{path}.link")
    else:
        missing(f"{path}.id or {path}.link")


def _check_buttons(interactive: JsonObject) -> None:
    _check_frame(interactive)
    buttons = children(child(interactive, "action", "interactive.action"), "buttons", "action.buttons", 1, 3)
    replies = [_reply(button) for button in buttons]
    unique((words(reply, "id", "reply.id", 256) for reply in replies), "reply.id")
    unique((words(reply, "title", "reply.title", 20) for reply in replies), "reply.title")


def _reply(button: JsonObject) -> JsonObject:
    if button.get("type") != "reply":
        wrong("buttons.type", "reply is expected")
    return child(button, "reply", "buttons.reply")


def _check_list(interactive: JsonObject) -> None:
    _check_frame(interactive, body_most=4096, headers=())
    action = child(interactive, "action", "interactive.action")
    words(action, "button", "action.button", 20)
    sections = children(action, "sections", "action.sections", 1, 10)
    rows = [row for section in sections for row in _rows(section, alone=len(sections) == 1)]
    if len(rows) > 10:
        wrong("action.sections", f"at most 10 rows are allowed in all, {len(rows)} were sent")
    unique((words(row, "id", "rows.id", 200) for row in rows), "rows.id")


def _rows(section: JsonObject, *, alone: bool) -> list[JsonObject]:
    title = optional_words(section, "title", "sections.title", 24)
    if not title and not alone:
        missing("sections.title")
    rows = children(section, "rows", "sections.rows", 1, 10)
    for row in rows:
        words(row, "title", "rows.title", 24)
        optional_words(row, "description", "rows.description", 72)
    return rows


def _check_link_button(interactive: JsonObject) -> None:
    _check_frame(interactive)
    parameters = _parameters(interactive)
    words(parameters, "display_text", "parameters.display_text", 20)
    web_link(parameters, "url", "parameters.url")


def _check_flow(interactive: JsonObject) -> None:
    _check_frame(interactive)
    parameters = _parameters(interactive)
    words(parameters, "flow_message_version", "parameters.flow_message_version", 8)
    words(parameters, "flow_cta", "parameters.flow_cta", 30)
    if ("flow_id" in parameters) == ("flow_name" in parameters):
        wrong("parameters.flow_id", "either flow_id or flow_name is expected")


def _check_carousel(interactive: JsonObject) -> None:
    words(child(interactive, "body", "interactive.body"), "text", "interactive.body.text", 1024)
    children(child(interactive, "action", "interactive.action"), "cards", "action.cards", 2, 10)


def _check_named_action(interactive: JsonObject) -> None:
    _check_frame(interactive)
    words(child(interactive, "action", "interactive.action"), "name", "action.name", 64)


def _check_products(interactive: JsonObject) -> None:
    if "body" in interactive:
        _check_frame(interactive)
    child(interactive, "action", "interactive.action")


def _parameters(interactive: JsonObject) -> JsonObject:
    action = child(interactive, "action", "interactive.action")
    return child(action, "parameters", "action.parameters")


_CHECKS: dict[str, Callable[[JsonObject], None]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link_button,
    "flow": _check_flow,
    "carousel": _check_carousel,
    "product": _check_products,
    "product_list": _check_products,
    "catalog_message": _check_products,
    "location_request_message": _check_named_action,
    "request_contact_info": _check_named_action,
    "address_message": _check_named_action,
    "call_permission_request": _check_named_action,
    "voice_call": _check_named_action,
    "order_details": _check_named_action,
    "order_status": _check_named_action,
}
