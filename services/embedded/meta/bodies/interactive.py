"""The interactive messages that have something to tap."""

from collections.abc import Callable

from .commerce import (
    check_carousel,
    check_catalog,
    check_order_details,
    check_order_status,
    check_product,
    check_product_list,
)
from .fields import JsonObject, child, children, missing, named, number, optional_words, unique, web_link, words, wrong
from .frame import action_of, check_frame, parameters_of
from .media import MEDIA_HEADERS

FIRST_EMOJI = "\U0001f000"


def check_interactive(interactive: JsonObject) -> None:
    """Refuse what Meta refuses in the `interactive` object."""
    kind = words(interactive, "type", "interactive.type", 64)
    check = _CHECKS.get(kind)
    if check is None:
        wrong("interactive.type", f"{kind} is not a type of interactive message")
    check(interactive)


def _check_buttons(interactive: JsonObject) -> None:
    check_frame(interactive, media=MEDIA_HEADERS)
    buttons = children(action_of(interactive), "buttons", "action.buttons", 1, 3)
    replies = [_reply(button) for button in buttons]
    unique((words(reply, "id", "reply.id", 256) for reply in replies), "reply.id")
    unique((words(reply, "title", "reply.title", 20) for reply in replies), "reply.title")


def _reply(button: JsonObject) -> JsonObject:
    if button.get("type") != "reply":
        wrong("buttons.type", "reply is expected")
    return child(button, "reply", "buttons.reply")


def _check_list(interactive: JsonObject) -> None:
    check_frame(interactive, body_most=4096)
    action = action_of(interactive)
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
    check_frame(interactive, media=MEDIA_HEADERS)
    named(action_of(interactive), "cta_url", "action.name")
    parameters = parameters_of(interactive)
    words(parameters, "display_text", "parameters.display_text", 20)
    web_link(parameters, "url", "parameters.url")


def _check_flow(interactive: JsonObject) -> None:
    check_frame(interactive, media=MEDIA_HEADERS)
    named(action_of(interactive), "flow", "action.name")
    parameters = parameters_of(interactive)
    words(parameters, "flow_message_version", "parameters.flow_message_version", 8)
    if any(sign >= FIRST_EMOJI for sign in words(parameters, "flow_cta", "parameters.flow_cta", 30)):
        wrong("parameters.flow_cta", "emoji are not allowed")
    optional_words(parameters, "flow_token", "parameters.flow_token", 512)
    if ("flow_id" in parameters) == ("flow_name" in parameters):
        wrong("parameters.flow_id", "either flow_id or flow_name is expected")
    _one_of(parameters, "mode", ("draft", "published"))
    _one_of(parameters, "flow_action", ("navigate", "data_exchange"))
    if "flow_action_payload" in parameters:
        if parameters.get("flow_action") == "data_exchange":
            wrong("parameters.flow_action_payload", "it belongs to navigate")
        payload = child(parameters, "flow_action_payload", "parameters.flow_action_payload")
        words(payload, "screen", "flow_action_payload.screen", 256)
        if "data" in payload and not child(payload, "data", "flow_action_payload.data"):
            wrong("flow_action_payload.data", "an object that is not empty is expected")


def _one_of(parameters: JsonObject, name: str, allowed: tuple[str, ...]) -> None:
    if parameters.get(name, allowed[0]) not in allowed:
        wrong(f"parameters.{name}", f"{' or '.join(allowed)} is expected")


def _request_check(action: str) -> Callable[[JsonObject], None]:
    def check(interactive: JsonObject) -> None:
        check_frame(interactive)
        named(action_of(interactive), action, "action.name")

    return check


def _check_address(interactive: JsonObject) -> None:
    check_frame(interactive, media=MEDIA_HEADERS)
    named(action_of(interactive), "address_message", "action.name")
    parameters = parameters_of(interactive)
    if len(words(parameters, "country", "parameters.country", 2)) != 2:
        wrong("parameters.country", "a country of two letters is expected")
    for saved in (
        children(parameters, "saved_addresses", "saved_addresses", 0, 64) if "saved_addresses" in parameters else ()
    ):
        words(saved, "id", "saved_addresses.id", 256)
        child(saved, "value", "saved_addresses.value")


def _check_voice_call(interactive: JsonObject) -> None:
    check_frame(interactive)
    action = action_of(interactive)
    named(action, "voice_call", "action.name")
    if "parameters" in action:
        parameters = parameters_of(interactive)
        optional_words(parameters, "display_text", "parameters.display_text", 20)
        optional_words(parameters, "payload", "parameters.payload", 512)
        if "ttl_minutes" in parameters:
            number(parameters, "ttl_minutes", "parameters.ttl_minutes", 1, 43200)


_CHECKS: dict[str, Callable[[JsonObject], None]] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link_button,
    "flow": _check_flow,
    "carousel": check_carousel,
    "product": check_product,
    "product_list": check_product_list,
    "catalog_message": check_catalog,
    "location_request_message": _request_check("send_location"),
    "request_contact_info": _request_check("request_contact_info"),
    "call_permission_request": _request_check("call_permission_request"),
    "address_message": _check_address,
    "voice_call": _check_voice_call,
    "order_details": check_order_details,
    "order_status": check_order_status,
}
