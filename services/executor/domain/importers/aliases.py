"""Every spelling of node types and fields in one place; the first key present is taken.

Keys of all dialects may mix in one node, so the tables do not depend on the dialect.
"""

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
        "location": "location", "msglocation": "location",
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

_VARIABLE = (
    "variableName",
    "outputVariable",
    "output_variable",
    "variable",
    "variable_name",
    "saveToVariable",
)
_RESPONSE_VARIABLE = (
    "outputVariable", "responseVariable", "output_variable", "response_variable",
    "responseVar", "resultVariable", "output",
)  # fmt: skip
_BODY = ("bodyText", "messageText", "message", "content", "body", "text")
_NEXT = ("next", "next_node_id", "nextNodeId", "nextNode", "targetNodeId", "target_node_id")

# Native type → canonical field → spellings in the order they are looked for.
FIELDS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "start": {
            "triggers": ("triggers",),
            "keywords": ("keywords", "keyword"),
            "match": ("match", "matchType", "match_type"),
            "greeting": ("greeting",),
            "case_sensitive": ("caseSensitive", "case_sensitive"),
        },
        "message": {
            "content": ("content", "messageText", "message", "text"),
            "mediaType": ("mediaType", "media_type", "messageType"),
            "mediaUrl": ("mediaUrl", "media_url", "url"),
            "caption": ("caption",),
            "filename": ("filename", "fileName", "file_name"),
            "buttons": ("buttons",),
            "delay_ms": ("delay_ms", "delay"),
            "typing_seconds": ("typing_duration", "typingDuration"),
            "capture": ("capture_response", "captureResponse"),
            "capture_timeout": ("response_timeout", "responseTimeout"),
            "auto_advance": ("autoAdvance", "auto_advance"),
            "header": ("headerText", "header"),
            "footer": ("footerText", "footer"),
            "latitude": ("latitude",),
            "longitude": ("longitude",),
            "name": ("name",),
            "address": ("address",),
            "variableName": _VARIABLE,
        },
        "question": {
            "content": ("content", "questionText", "question", "message", "text", "messageText"),
            "variableName": _VARIABLE,
            "kind": (
                "kind",
                "responseType",
                "response_type",
                "validationType",
                "validation_type",
                "inputType",
                "input_type",
            ),
            "options": ("options", "choices"),
            "validation": ("validation",),
            "required": ("required",),
            "errorMessage": ("errorMessage", "error_message"),
            "maxAttempts": ("maxAttempts", "max_attempts"),
            "min": ("min",),
            "max": ("max",),
            "min_length": ("min_length", "minLength"),
            "max_length": ("max_length", "maxLength"),
            "regex": ("regex", "pattern"),
        },
        "buttons": {
            "content": _BODY,
            "header": ("headerText", "header"),
            "footer": ("footerText", "footer"),
            "buttons": ("buttons",),
            "sections": ("sections", "listItems", "list_items"),
            "variableName": _VARIABLE,
        },
        "list": {
            "content": _BODY,
            "header": ("headerText", "header"),
            "footer": ("footerText", "footer"),
            "buttonText": ("buttonText", "listTitle", "button_text", "button"),
            "sections": ("sections",),
            "rows": ("listItems", "list_items", "rows", "items"),
            "variableName": _VARIABLE,
        },
        "condition": {
            "rules": ("rules", "conditions"),
            "routes": ("routes",),
            "condition": ("condition", "expression"),
            "match": ("match", "logicOperator", "logic_operator", "logic"),
            "has_default": ("hasDefaultRoute", "has_default_route"),
            "variable": ("variable", "variableName", "variable_name"),
            "operator": ("operator",),
            "value": ("value",),
            "true_target": ("trueNodeId", "true_next_node_id", "true_node_id", "trueNode"),
            "false_target": ("falseNodeId", "false_next_node_id", "false_node_id", "falseNode"),
            "default_target": ("defaultNodeId", "default_node_id"),
        },
        "switch": {
            "variable": ("variable", "condition", "variableName", "expression"),
            "cases": ("cases",),
            "default_target": ("defaultCase", "default_case", "default", "defaultNodeId"),
        },
        "set_variable": {
            "assignments": ("assignments", "variables"),
            "name": ("variableName", "variable", "name", "variable_name"),
            "value": ("variableValue", "value", "variable_value"),
            "valueType": ("valueType", "value_type"),
            "operation": ("operation",),
            "expression": ("expression",),
            "variableSource": ("variableSource", "variable_source"),
        },
        "delay": {
            "seconds": ("seconds", "delaySeconds", "delay_seconds"),
            "duration": ("duration", "wait_time", "delay"),
            "unit": ("unit", "durationUnit", "time_unit"),
            "message": ("delayMessage", "message"),
            "typing": ("sendTypingIndicator", "showTyping", "typing"),
        },
        "jump": {
            "kind": ("jumpType", "jump_type"),
            "targetNodeId": ("targetNodeId", "targetNode", "target_node_id"),
            "targetFlow": ("targetFlow", "targetFlowId", "target_flow_id", "target_flow", "flowId"),
            "variable_mapping": ("variable_mapping", "variableMapping"),
            "pass_variables": ("pass_variables", "preserveContext", "preserve_context"),
            "returnToParent": ("return_to_parent", "returnToParent"),
        },
        "random": {
            "variants": ("variants", "paths"),
            "variableName": ("variableName", "saveToVariable", "outputVariable"),
            "weights": ("weights",),
            "count": ("outputCount", "output_count"),
            "seed": ("seed",),
            "use_seed": ("useSeeded", "use_seeded"),
        },
        "http_request": {
            "url": ("url", "endpoint", "webhookUrl"),
            "method": ("method", "webhookMethod"),
            "headers": ("headers",),
            "query": ("query", "queryParams", "query_params"),
            "body": ("body",),
            "outputVariable": (*_RESPONSE_VARIABLE, "saveResponseTo"),
            "timeoutSeconds": ("timeoutSeconds", "timeout"),
            "error_handling": ("errorHandling", "error_handling"),
            "onError": ("onError", "on_error"),
            "authType": ("authType", "auth_type"),
            "secretId": ("secretId", "secret_id"),
            "retryOnFailure": ("retryOnFailure",),
            "continueOnError": ("continueOnError",),
        },
        "action": {
            "actions": ("actions",),
            "action": ("actionType", "action_type"),
            "contact": ("contactFields", "contactData", "contact_data", "fields"),
            "tag": ("tagName", "tag", "tag_name"),
            "tags": ("tags",),
            "field": ("fieldName", "field_name"),
            "field_value": ("fieldValue", "field_value"),
            "email": ("email_data", "emailData"),
            "config": ("config",),
        },
        "handoff": {
            "kind": ("handoffType", "handoff_type"),
            "queueId": ("queueId", "queue_id", "queue"),
            "departmentId": ("departmentId", "department_id"),
            "agentId": ("agentId", "agent_id"),
            "departmentName": ("departmentName", "department"),
            "agentName": ("agentName", "agent"),
            "priority": ("priority",),
            "message": ("transferMessage", "message", "transfer_message"),
            "send_message": ("sendTransferMessage", "send_transfer_message"),
            "contextMessage": ("contextMessage", "context_message"),
            "generateSummary": ("generateSummary", "generate_summary"),
            "outputVariable": ("outputVariable",),
        },
        "end": {
            "content": ("content", "farewellMessage", "endMessage", "message", "text"),
            "send": ("sendFarewell", "send_farewell"),
            "kind": ("endType", "end_type"),
            "handoff": ("trigger_handoff", "triggerHandoff"),
        },
        "script": {
            "code": ("code", "script", "scriptCode"),
            "language": ("language", "scriptLanguage"),
            "inputVariables": ("inputVariables", "input_variables"),
            "outputVariable": _RESPONSE_VARIABLE,
            "timeout": ("timeout",),
        },
        "ai_reply": {
            "provider": ("provider",),
            "model": ("model",),
            "prompt": ("prompt",),
            "systemPrompt": ("systemPrompt", "systemMessage", "system_prompt"),
            "temperature": ("temperature",),
            "maxTokens": ("maxTokens", "max_tokens"),
            "outputVariable": _RESPONSE_VARIABLE,
            "secretId": ("secretId", "secret_id"),
            "baseUrl": ("baseUrl", "customUrl", "custom_url"),
            "timeoutSeconds": ("timeoutSeconds", "timeout"),
            "apiKey": ("apiKey", "api_key"),
        },
        "template": {
            "templateName": ("templateName", "template", "template_name"),
            "languageCode": ("languageCode", "language", "language_code"),
            "outputVariable": _RESPONSE_VARIABLE,
        },
        "window_check": {"fallbackTemplate": ("fallbackTemplate", "fallback_template")},
        "database_query": {
            "outputVariable": _RESPONSE_VARIABLE,
            "connectionString": ("connectionString", "connection_string"),
            "password": ("password",),
        },
        "datetime": {
            "operation": ("operation",),
            "format": ("format", "outputFormat"),
            "compareWith": ("compareWith", "compareVariable"),
            "outputVariable": _RESPONSE_VARIABLE,
        },
        "analytics": {
            "eventProperties": ("eventProperties", "eventData", "metadata"),
            "outputVariable": ("outputVariable", "saveToVariable"),
        },
    }
)

# Parts inside a field: buttons, rows, options, conditions, paths.
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": ("id", "value", "payload"),
        "title": ("title", "text", "label", "name"),
        "option value": ("value", "id"),
        "option label": ("label", "title", "text", "name"),
        "next": _NEXT,
        "variable": ("variable", "variableName", "field", "name"),
        "operator": ("operator", "op"),
        "branch": ("branch", "handle", "sourceHandle"),
        "weight": ("weight", "percentage", "probability"),
    }
)
NEXT = _NEXT[:4]

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
