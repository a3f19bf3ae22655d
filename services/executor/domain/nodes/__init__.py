"""The node types that run, one small file each, and the table that names them."""

from typing import Final

from services.executor.domain.nodes import (
    ai_reply,
    analytics,
    business_hours,
    buttons,
    condition,
    contact,
    contacts,
    cta_url,
    date_time,
    delay,
    end,
    handoff,
    http_request,
    jump,
    list_menu,
    location,
    location_request,
    message,
    note,
    product,
    question,
    random_way,
    return_back,
    set_variable,
    start,
    subflow,
    switch,
    template,
    whatsapp_flow,
    window_check,
)
from services.executor.domain.nodes.node_type import NodeType

NODE_TYPES: Final[dict[str, NodeType]] = {
    "start": start.START,
    "message": message.MESSAGE,
    "question": question.QUESTION,
    "buttons": buttons.BUTTONS,
    "list": list_menu.LIST,
    "location": location.LOCATION,
    "contacts": contacts.CONTACTS,
    "cta_url": cta_url.CTA_URL,
    "location_request": location_request.LOCATION_REQUEST,
    "whatsapp_flow": whatsapp_flow.WHATSAPP_FLOW,
    "product": product.PRODUCT,
    "template": template.TEMPLATE,
    "condition": condition.CONDITION,
    "switch": switch.SWITCH,
    "random": random_way.RANDOM,
    "business_hours": business_hours.BUSINESS_HOURS,
    "window_check": window_check.WINDOW_CHECK,
    "set_variable": set_variable.SET_VARIABLE,
    "datetime": date_time.DATETIME,
    "contact": contact.CONTACT,
    "analytics": analytics.ANALYTICS,
    "http_request": http_request.HTTP_REQUEST,
    "ai_reply": ai_reply.AI_REPLY,
    "delay": delay.DELAY,
    "handoff": handoff.HANDOFF,
    "jump": jump.JUMP,
    "subflow": subflow.SUBFLOW,
    "return": return_back.RETURN,
    "end": end.END,
    "note": note.NOTE,
}

# What scripts, databases and older builders' names are kept as: data that is never run.
LATER_TYPES: Final = frozenset(
    {
        "action", "ai_prompt", "api_call", "audio", "database_query", "document", "image", "script", "sticker", "video",
        "whatsapp_template",
    }
)  # fmt: skip

__all__ = ["LATER_TYPES", "NODE_TYPES", "NodeType"]
