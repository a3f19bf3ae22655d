"""The node types that run, one small file each, and the table that names them."""

from typing import Final

from services.executor.domain.nodes import (
    buttons,
    condition,
    end,
    jump,
    list_menu,
    message,
    note,
    question,
    set_variable,
    start,
    subflow,
    switch,
)
from services.executor.domain.nodes.node_type import NodeType

NODE_TYPES: Final[dict[str, NodeType]] = {
    "start": start.START,
    "message": message.MESSAGE,
    "question": question.QUESTION,
    "buttons": buttons.BUTTONS,
    "list": list_menu.LIST,
    "condition": condition.CONDITION,
    "switch": switch.SWITCH,
    "set_variable": set_variable.SET_VARIABLE,
    "jump": jump.JUMP,
    "subflow": subflow.SUBFLOW,
    "end": end.END,
    "note": note.NOTE,
}

# What scripts, databases and older builders' aliases are kept as: data that is never run.
LATER_TYPES: Final = frozenset(
    {
        "action", "ai_prompt", "ai_reply", "analytics", "api_call", "audio", "business_hours", "contact", "contacts",
        "cta_url", "database_query", "datetime", "delay", "document", "handoff", "http_request", "image", "location",
        "location_request", "product", "random", "return", "script", "sticker", "template", "video", "whatsapp_flow",
        "whatsapp_template", "window_check",
    }
)  # fmt: skip

__all__ = ["LATER_TYPES", "NODE_TYPES", "NodeType"]
