"""Every spelling of the fields in one place; the first key present is taken.

Keys of all dialects may mix in one node, so the tables do not depend on the dialect.
"""

from collections.abc import Mapping
from types import MappingProxyType

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
