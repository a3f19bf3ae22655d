"""Actions that reach outside: webhooks, models, people, other flows. Nothing is called here."""

import json

from services.executor.domain.importers.rapidpro.paths import STATUS
from services.executor.domain.importers.rapidpro.source import Action, Done
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.values import (
    Object,
    as_id,
    as_list,
    as_number,
    as_object,
    as_text,
    present,
)

_WHOLE_RESULTS = "@results"
_WHOLE_CONTACT = "@contact"
_MOST_LEVELS = 20
# Glific waits so long for a result when the action names no time.
_GLIFIC_WAIT = 300


def read_webhook(action: Action) -> Done:
    url = action.text("url")
    if not url.startswith(("http://", "https://", "{{")):
        message = f"The address '{url[:60]}' is not complete: write it with https:// and the host."
        action.note("problem", "url", message)
    method = (as_text(action.raw.get("method")) or "GET").upper()
    if method == "FUNCTION":
        action.note("problem", "url", f"'{url[:60]}' is a function of Glific's own: call a service that does the same.")
        method = "POST"
    headers: Object = {
        action.story.text(action.id, "headers", key): action.story.text(action.id, "headers", value)
        for key, value in as_object(action.raw.get("headers")).items()
    }
    data: Object = {"url": url, "method": method, "headers": headers, "body": _body(action)}
    return Done((Draft("http_request", present(data) | _answer(action)),))


def read_resthook(action: Action) -> Done:
    name = as_text(action.raw.get("resthook")) or ""
    action.note("problem", "url", f"The addresses of the hook '{name}' are not in the export: fill 'url'.")
    return Done((Draft("http_request", {"url": "", "method": "POST"} | _answer(action)),))


def read_model(action: Action) -> Done:
    name = action.named("llm")
    message = f"The model '{name}' is an account of RapidPro's: fill baseUrl, model and secretId."
    action.note("problem", "model", message)
    local = as_text(action.raw.get("output_local")) or as_text(action.raw.get("result_name"))
    data: Object = {
        "systemPrompt": action.text("instructions") or None,
        "prompt": action.text("input") or None,
        "outputVariable": action.story.paths.local(local) if local else None,
    }
    return Done((Draft("ai_reply", present(data)),))


def read_ticket(action: Action) -> Done:
    """A ticket goes to people; here they have the conversation until they release it."""
    assignee, topic = action.named("assignee"), action.named("topic")
    action.note("changed", "type", "The flow waits until the people release the conversation.")
    if not assignee and not topic:
        action.note("problem", "queueId", "The ticket names no topic or person: choose a queue, department or agent.")
    else:
        message = f"'{assignee or topic}' is named, not identified: it must exist under that name."
        action.note("kept", "agentName" if assignee else "departmentName", message)
    words = action.text("note") or action.text("body") or action.text("subject")
    data: Object = {
        "agentName": assignee or None,
        "departmentName": topic or None,
        "contextMessage": words or None,
        "priority": "normal",
    }
    return Done((Draft("handoff", present(data)),))


def read_flow(action: Action) -> Done:
    """Another flow, which goes back here when it ends, unless the action is terminal."""
    flow = as_object(action.raw.get("flow"))
    name = action.named("flow")
    if flow.get("expression"):
        message = "Which flow is entered is worked out in the conversation: choose by a switch instead."
        action.note("problem", "targetFlow", message)
    elif not name:
        action.note("problem", "targetFlow", "The action names no flow: fill 'targetFlow'.")
    else:
        action.note("kept", "targetFlow", f"The flow '{name}' must be published under this name.")
    given = {result: f"{{{{{result}}}}}" for result in action.story.results}
    if action.raw.get("terminal") is True:
        return Done((Draft("jump", {"targetFlow": name} | ({"variable_mapping": given} if given else {})),))
    back = {action.story.paths.names.native(f"child_{key}"): key for key in sorted(action.story.paths.children)}
    extra = present({"variable_mapping": given or None, "returns": back or None})
    return Done((Draft("subflow", {"targetFlow": name} | extra),))


def read_wait_for_time(action: Action) -> Done:
    return Done((Draft("delay", {"seconds": _wait(action)}),))


def read_wait_for_result(action: Action) -> Done:
    message = "A result that comes later from outside is not waited for: let the http_request wait for the answer."
    action.note("problem", "type", message)
    return Done((Draft("delay", {"seconds": _wait(action)}),))


def read_as_action(action: Action) -> Done:
    """What has no counterpart stays as data."""
    message = f"'{action.type or 'An action without a type'}' has no counterpart: replace the node by an http_request."
    action.note("problem", "type", message)
    return Done((Draft("action", {"actionType": action.type or "unknown"}),))


def read_about_others(action: Action) -> Done:
    message = "A flow speaks to the contact it runs for: reach other people by a campaign or an http_request."
    action.note("problem", "type", message)
    return Done((Draft("action", {"actionType": action.type}),))


def read_email(action: Action) -> Done:
    message = "E-mails are not sent: replace the node by an http_request to your mail service."
    action.note("problem", "type", message)
    data: Object = {
        "to": [action.story.text(action.id, "addresses", value) for value in as_list(action.raw.get("addresses"))],
        "subject": action.text("subject"),
        "body": action.text("body"),
    }
    return Done((Draft("action", {"actionType": "send_email", "email": data}),))


def _answer(action: Action) -> Object:
    name = as_text(action.raw.get("result_name"))
    variable = action.story.paths.result(name) if name else "webhook"
    return {"outputVariable": variable, "statusVariable": STATUS, "onError": "continue"}


def _body(action: Action) -> object:
    """A JSON body with its texts translated; a whole @results is an object of them."""
    written = as_text(action.raw.get("body"))
    if not written or not written.strip():
        return None
    try:
        parsed = json.loads(written)
    except (ValueError, RecursionError):
        return action.text("body")
    return _filled(action, parsed, 0)


def _filled(action: Action, value: object, level: int) -> object:
    if isinstance(value, str):
        if value.strip() == _WHOLE_RESULTS:
            return {name: f"{{{{{name}}}}}" for name in action.story.results}
        if value.strip() == _WHOLE_CONTACT:
            return {name: f"{{{{contact.{name}}}}}" for name in ("name", "phone", "language")}
        return action.story.text(action.id, "body", value)
    if level >= _MOST_LEVELS:
        return value
    if isinstance(value, dict):
        return {key: _filled(action, inner, level + 1) for key, inner in value.items()}
    return [_filled(action, inner, level + 1) for inner in value] if isinstance(value, list) else value


def _wait(action: Action) -> int | float:
    seconds = as_number(as_id(action.raw.get("delay")))
    if seconds is None or seconds <= 0:
        action.note("changed", "delay", f"The action names no time; it waits {_GLIFIC_WAIT} seconds.")
        return _GLIFIC_WAIT
    return seconds
