"""Every spelling of node types, operators and kinds of answer."""

from collections.abc import Mapping
from types import MappingProxyType

# Node types, squashed (lower case, without `_`, `-` and blanks) → native type.
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "start": "start", "trigger": "start", "entry": "start",
        "message": "message", "text": "message", "msgtext": "message", "msgimage": "message",
        "msgvideo": "message", "msgaudio": "message", "msgdocument": "message", "msgmedia": "message",
        "question": "question", "input": "question", "msginput": "question", "msgquestion": "question",
        "datainput": "question",
        "buttons": "buttons", "interactive": "buttons", "interactivebuttons": "buttons",
        "msgbuttons": "buttons",
        "list": "list", "interactivelist": "list", "msglist": "list",
        "condition": "condition", "logiccondition": "condition",
        "switch": "switch", "logicswitch": "switch",
        "setvariable": "set_variable", "dataset": "set_variable", "datasetvariable": "set_variable",
        "delay": "delay", "logicwait": "delay", "logicdelay": "delay", "wait": "delay",
        "jump": "jump", "flowgoto": "jump", "jumptoflow": "jump", "flowjump": "jump", "goto": "jump",
        "random": "random", "logicrandom": "random",
        "datetime": "datetime", "datadatetime": "datetime",
        "apicall": "http_request", "api": "http_request", "apirest": "http_request",
        "httprequest": "http_request", "intwebhook": "http_request", "webhook": "http_request",
        "action": "action",
        "handoff": "handoff", "actiontransfer": "handoff", "actionhandoff": "handoff",
        "end": "end", "flowend": "end",
        "script": "script", "actionscript": "script",
        "aireply": "ai_reply", "aiprompt": "ai_reply",
        "analytics": "analytics",
        "template": "template", "whatsapptemplate": "template", "msgtemplate": "template",
        "location": "location", "msglocation": "location", "contacts": "contacts", "msgcontact": "contacts",
        "msgcontacts": "contacts", "msgsticker": "message",
        "logicwindowcheck": "window_check", "windowcheck": "window_check",
        "databasequery": "database_query",
        "contact": "contact", "note": "note", "businesshours": "business_hours", "ctaurl": "cta_url",
        "locationrequest": "location_request", "whatsappflow": "whatsapp_flow", "product": "product",
        "subflow": "subflow", "return": "return",
    }
)  # fmt: skip
TYPE_PREFIXES: tuple[tuple[str, str], ...] = (
    ("trigger_", "start"),
    ("ai_", "ai_reply"),
    ("db_", "database_query"),
)
# React Flow's own names for "drawn by a component of ours": they say nothing about the node.
WRAPPER_TYPES = frozenset({"default", "custom", "customnode"})

OPERATORS: Mapping[str, str] = MappingProxyType(
    {
        "==": "==", "=": "==", "===": "==", "eq": "==", "equals": "==", "equal": "==", "is": "==",
        "!=": "!=", "!==": "!=", "<>": "!=", "ne": "!=", "neq": "!=", "notequals": "!=", "notequal": "!=",
        ">": ">", "gt": ">", "greaterthan": ">", "<": "<", "lt": "<", "lessthan": "<",
        ">=": ">=", "gte": ">=", "greaterthanorequal": ">=", "greaterorequal": ">=",
        "greaterthanorequals": ">=",
        "<=": "<=", "lte": "<=", "lessthanorequal": "<=", "lessorequal": "<=", "lessthanorequals": "<=",
        "contains": "contains", "includes": "contains", "notcontains": "not_contains",
        "in": "in", "notin": "not_in",
        "startswith": "starts_with", "endswith": "ends_with",
        "isempty": "is_empty", "empty": "is_empty", "isnotempty": "is_not_empty", "notempty": "is_not_empty",
        "exists": "is_not_empty", "matches": "matches", "regex": "matches",
    }
)  # fmt: skip

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "text": "text", "string": "text", "number": "number", "numeric": "number", "integer": "number",
        "decimal": "number", "float": "number", "email": "email", "phone": "phone", "tel": "phone",
        "telefone": "phone", "options": "choice", "option": "choice", "choice": "choice", "select": "choice",
        "multiplechoice": "choice", "yesno": "yes_no", "boolean": "yes_no", "date": "date", "time": "time",
        "file": "file", "url": "url", "rating": "rating", "location": "location",
    }
)  # fmt: skip


def squash(name: str) -> str:
    return name.strip().casefold().replace("_", "").replace("-", "").replace(" ", "")


def native_type(name: str) -> str | None:
    """The native type of a foreign one; None when no dialect knows it."""
    known = TYPES.get(squash(name))
    if known is not None:
        return known
    lowered = name.strip().casefold()
    return next((native for prefix, native in TYPE_PREFIXES if lowered.startswith(prefix)), None)
