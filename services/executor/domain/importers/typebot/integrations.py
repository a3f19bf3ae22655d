"""Integrations: calls outside, models, analytics. Nothing is called here."""

import json
import re

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.typebot.source import Block, Reading
from services.executor.domain.importers.values import (
    Object,
    as_list,
    as_number,
    as_object,
    as_text,
    present,
)

_INDEX = re.compile(r"\[\s*[\"']?([^\[\]\"']{1,100})[\"']?\s*\]")
# Services that are one HTTP call to an address of the author's own.
_HOOKS = {"Zapier", "Make.com", "Pabbly"}
_MODELS = frozenset({"openai", "anthropic", "mistral", "open-router", "together-ai", "deepseek", "groq", "perplexity"})
# Where the others are spoken to as OpenAI is; a model's name alone would go to the wrong door.
_DOORS = {
    "openai": "https://api.openai.com/v1",
    "mistral": "https://api.mistral.ai/v1",
    "open-router": "https://openrouter.ai/api/v1",
    "together-ai": "https://api.together.xyz/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "groq": "https://api.groq.com/openai/v1",
    "perplexity": "https://api.perplexity.ai",
}
_CHAT = frozenset({"create chat completion", "create chat message", "ask assistant", "create chat"})


def read_http_request(block: Block) -> Reading:
    request = as_object(block.options.get("webhook"))
    url = block.text("url", request.get("url"))
    if not url:
        block.note("problem", "url", "The request has no address: fill 'url'.")
    data: Object = {"url": url, "method": (as_text(request.get("method")) or "POST").upper()}
    for name, source in (("headers", "headers"), ("query", "queryParams")):
        data[name] = _pairs(block, request.get(source))
    body = _body(block, request)
    extra: Object = {"body": body, **_stored(block), "timeoutSeconds": as_number(block.options.get("timeout"))}
    block.without(("withCredentials", "proxyCredentialsId", "isExecutedOnClient"), "the house itself makes the call.")
    # Typebot goes on whatever comes of the call.
    return Reading(Draft("http_request", data | present(extra) | {"onError": "continue"}))


def read_hook(block: Block) -> Reading:
    """Zapier and its kind are requests whose address the service gave."""
    if not as_text(as_object(block.options.get("webhook")).get("url")):
        message = "The address of the hook is not in the export: make a hook and fill 'url'."
        block.note("problem", "url", message)
        return Reading(Draft("http_request", {"url": "", "method": "POST", "onError": "continue"}))
    return read_http_request(block)


def read_analytics(block: Block) -> Reading:
    options = block.options
    name = block.text("action", options.get("action") or options.get("eventType") or options.get("name"))
    value = options.get("value")
    properties: Object = {key: block.text(key, options.get(key)) for key in ("category", "label") if options.get(key)}
    for item in map(as_object, as_list(options.get("params"))):
        key = as_text(item.get("key"))
        if key:
            properties[key] = block.text("params", item.get("value"))
    block.note("changed", "type", "The event is written to the conversation log; the service outside is not told.")
    value = block.text("value", value) if isinstance(value, str) else as_number(value)
    data: Object = {"eventName": name or block.type, "eventValue": value, "eventProperties": properties or None}
    return Reading(Draft("analytics", present(data)))


def read_handoff(block: Block) -> Reading:
    block.note("problem", "queueId", "The chat goes to people: choose the queue, department or agent.")
    return Reading(Draft("handoff", {}))


def read_outside(block: Block) -> Reading:
    """A service with no counterpart."""
    message = f"'{block.type}' has no counterpart: replace the node by an http_request to the service."
    block.note("problem", "type", message)
    kind = as_text(block.options.get("action")) or as_text(block.options.get("task"))
    return Reading(Draft("action", present({"actionType": block.type, "action": kind})))


def read_model(block: Block) -> Reading:
    """A conversation with a model; other things that models do have no counterpart."""
    task = as_text(block.options.get("task")) or as_text(block.options.get("action")) or ""
    maker = block.type.casefold()
    if task.casefold() not in _CHAT or maker not in _MODELS:
        return read_outside(block)
    if task.casefold() == "ask assistant" or maker == "anthropic":
        message = f"'{block.type}' is not spoken to as a chat of OpenAI's form: fill 'baseUrl' with a door that is."
        block.note("problem", "baseUrl", message)
    said = _said(block)
    block.note("problem", "secretId", "The key of the model is not in the export: store it as a secret and name it.")
    url = as_text(block.options.get("baseUrl")) or _DOORS.get(maker)
    settings = as_object(block.options.get("advancedSettings"))
    data: Object = {
        "baseUrl": url,
        "model": as_text(block.options.get("model")),
        "systemPrompt": said["system"] or None,
        "prompt": said["user"] or None,
        "temperature": as_number(settings.get("temperature", block.options.get("temperature"))),
        "outputVariable": _answer(block),
    }
    return Reading(Draft("ai_reply", present(data)))


def is_model(name: str) -> bool:
    """Whether a block's type is the name of somebody's models."""
    return name.casefold() in _MODELS


def _pairs(block: Block, listed: object) -> Object:
    found: Object = {}
    for item in map(as_object, as_list(listed)):
        key = as_text(item.get("key"))
        if key:
            found[block.text("headers", key)] = block.text("headers", item.get("value"))
    return found


def _body(block: Block, request: Object) -> object:
    written = as_text(request.get("body"))
    if not written:
        if (as_text(request.get("method")) or "POST").upper() != "GET":
            block.note("changed", "body", "Typebot sends all answers in the body; here it is empty until it is filled.")
        return None
    text = block.text("body", written)
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return parsed if isinstance(parsed, dict | list) else text


def _stored(block: Block) -> Object:
    """Which variables take what of the answer. Typebot's paths begin with data or statusCode."""
    mapping: Object = {}
    whole: Object = {}
    for item in map(as_object, as_list(block.options.get("responseVariableMapping"))):
        variable, path = block.bot.variable(item.get("variableId")), as_text(item.get("bodyPath"))
        if variable is None or not path:
            block.note("dropped", "mapping", "A part of the answer is stored in no variable and was left out.")
            continue
        steps = _INDEX.sub(r".\1", path.strip()).strip(".")
        if steps in ("statusCode", "data"):
            whole["statusVariable" if steps == "statusCode" else "outputVariable"] = variable
        else:
            mapping[variable] = steps.removeprefix("data.")
    return whole | ({"mapping": mapping} if mapping else {})


def _said(block: Block) -> dict[str, str]:
    """The prompts by who says them; what the flow cannot know of a dialogue is reported."""
    said: dict[str, list[str]] = {"system": [], "user": []}
    for message in map(as_object, as_list(block.options.get("messages"))):
        role = (as_text(message.get("role")) or "").casefold()
        if role in said and not isinstance(message.get("content"), dict):
            said[role].append(block.text("messages", message.get("content")))
        else:
            message_of = role or "nobody"
            block.note("changed", "messages", f"Messages of '{message_of}' are not sent: use 'history'.")
    return {role: "\n".join(filter(None, texts)) for role, texts in said.items()}


def _answer(block: Block) -> str | None:
    """The variable that the model's words go to."""
    mapped = as_list(block.options.get("responseMapping"))
    for item in map(as_object, mapped):
        what = as_text(item.get("valueToExtract")) or as_text(item.get("item")) or "Message content"
        variable = block.bot.variable(item.get("variableId"))
        if what.casefold() == "message content" and variable:
            return variable
        block.note("dropped", "responseMapping", f"'{what}' of the answer is not stored.")
    return None
