"""Nodes that call out: HTTP requests and model replies. Nothing is called on import.

A secret is named, never written: `authType` and `secretId` become a header with `{{secret.NAME}}`.
"""

import re

from services.executor.domain.importers.reading import Draft, NodeSource
from services.executor.domain.importers.values import (
    Object,
    as_flag,
    as_number,
    as_object,
    as_seconds,
    as_template,
    as_text,
    entries,
    folded,
    present,
    variable_name,
)

_HTTP = "http_request"
_LONGEST_SECONDS, _MOST_RETRIES, _USUAL_RETRIES = 60, 5, 3
_BASE_URLS = {"openai": "https://api.openai.com/v1"}
_SCHEMES = {"bearer": "Bearer ", "basic": "Basic "}
_SECRET_HEADER = re.compile(r"(proxy-)?authorization|(x-)?api-?key|x-auth-token|.*-(token|secret)", re.IGNORECASE)


def read_http_request(node: NodeSource) -> Draft:
    url = node.text("url", _HTTP) or ""
    if not re.match(r"https?://|\{\{", url):
        node.note("problem", "url", f"The address '{url}' is not complete: write it with https:// and the host.")
    data: Object = {
        "url": url,
        "method": (node.text("method", _HTTP) or "GET").upper(),
        "headers": _with_authorization(node, _without_secrets(node, _pairs(node, "headers"))),
        "query": _pairs(node, "query"),
    }
    data |= present(
        {
            "body": node.take("body", _HTTP),
            "outputVariable": variable_name(node.take("outputVariable", _HTTP)),
            "timeoutSeconds": _bounded(node, "timeoutSeconds", node.take("timeoutSeconds", _HTTP)),
        }
    )
    own = present({name: node.take(name, _HTTP) for name in ("mapping", "statusVariable")})
    return Draft(_HTTP, data | own | _on_failure(node))


def read_ai_reply(node: NodeSource) -> Draft:
    prompt, system = _prompts(node)
    data: Object = {
        "baseUrl": _base_url(node),
        "model": node.text("model"),
        "secretId": _model_secret(node),
        "systemPrompt": system,
        "prompt": prompt,
        "temperature": node.number("temperature"),
        "maxTokens": node.number("maxTokens"),
        "timeoutSeconds": _bounded(node, "timeoutSeconds", node.take("timeoutSeconds")),
        "outputVariable": variable_name(node.take("outputVariable")),
    }
    data |= {name: node.take(name) for name in ("history", "jsonOutput", "mapping", "send")}
    if not data["model"]:
        node.note("problem", "model", "The node names no model: fill 'model'.")
    if node.take("error_handling") is not None:
        message = "'errorHandling' is not taken over: draw an edge from 'failed' to what should happen then."
        node.note("dropped", "errorHandling", message)
    return Draft("ai_reply", present(data))


def _pairs(node: NodeSource, name: str) -> Object:
    """An object of a field that holds one, or a list of {key, value}."""
    value = node.take(name, _HTTP)
    if value not in (None, "") and not isinstance(value, dict | list):
        node.note("problem", name, f"Field '{name}' is no object and was not read: write names and values.")
    return dict(entries(value))


def _without_secrets(node: NodeSource, headers: Object) -> Object:
    """The headers without keys in clear text."""
    found = {}
    for name, value in headers.items():
        if _SECRET_HEADER.fullmatch(name.strip()) and value not in (None, "") and "{{" not in str(value):
            message = (
                f"Header '{name}' holds a key in clear text and is not taken over: store it as a secret and write "
                "{{secret.NAME}}; it still stands in the node's source."
            )
            node.note("dropped", "headers", message)
        else:
            found[name] = value
    return found


def _with_authorization(node: NodeSource, headers: Object) -> Object:
    kind, written = folded(node.take("authType", _HTTP)), as_text(node.take("secretId", _HTTP))
    header = as_text(node.take("authHeader", _HTTP))
    if kind in {"", "none"} and not written:
        return headers
    if not written:
        message = f"Authentication '{kind}' names no secret: store one and name it in a header as {{{{secret.NAME}}}}."
        node.note("problem", "secretId", message)
        return headers
    name = header or ("X-API-Key" if kind in {"api_key", "apikey", "api-key"} else "Authorization")
    scheme = "" if name != "Authorization" else _SCHEMES.get(kind, "Bearer ")
    if folded(name) in map(folded, headers):
        node.note("dropped", "secretId", f"The header '{name}' is there already, so 'secretId' is not used.")
        return headers
    secret = secret_name(written)
    message = f"'{kind or 'secretId'}' is now the header '{name}', filled from the secret '{secret}': it must exist."
    node.note("changed", "authType", message)
    return headers | {name: f"{scheme}{{{{secret.{secret}}}}}"}


def secret_name(written: str) -> str:
    """The name of a secret as it may stand in a placeholder: letters, digits, dots, dashes and underscores."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", written.strip()).strip("_.-")[:64] or "secret"


def _bounded(node: NodeSource, name: str, written: object) -> int | float | None:
    """Seconds within what a call may take."""
    seconds = as_seconds(written)
    if seconds is not None and not 0 < seconds <= _LONGEST_SECONDS:
        message = f"'{name}' is {seconds} seconds, which is not allowed; it is {_LONGEST_SECONDS} now."
        node.note("changed", name, message)
        return _LONGEST_SECONDS
    return seconds


def _on_failure(node: NodeSource) -> Object:
    """onError continue|stop, maxRetries, retryDelay, fallbackValue of every spelling."""
    handling = as_object(node.take("error_handling", _HTTP))
    word = folded(node.take("onError", _HTTP)) or folded(handling.get("onError"))
    goes_on, again = as_flag(node.take("continueOnError", _HTTP)), as_flag(node.take("retryOnFailure", _HTTP))
    if not word and goes_on is not None:
        word = "continue" if goes_on else "stop"
    given = [node.take(name, _HTTP) for name in ("maxRetries", "retryDelay", "fallbackValue")]
    retries, delay, fallback = (
        own if own is not None else handling.get(name)
        for own, name in zip(given, ("maxRetries", "retryDelay", "fallbackValue"), strict=True)
    )
    return present(
        {
            "onError": _on_error(node, word),
            "maxRetries": _retries(node, as_number(retries), word == "retry", again),
            "retryDelay": _bounded(node, "retryDelay", delay),
            "fallbackValue": fallback,
        }
    )


def _on_error(node: NodeSource, word: str) -> str | None:
    if word in {"", "continue", "stop"}:
        return word or None
    if word != "retry":
        node.note("changed", "onError", f"'onError' says '{word}', which is not known; a failure ends the flow now.")
    return "stop"


def _retries(node: NodeSource, count: int | float | None, is_asked: bool, again: bool | None) -> int | None:
    if count is None:
        return _USUAL_RETRIES if is_asked else (0 if again is False else None)
    if not 0 <= count <= _MOST_RETRIES:
        node.note("changed", "maxRetries", f"{count} retries are not allowed; they are {_MOST_RETRIES} now.")
        return _MOST_RETRIES if count > 0 else 0
    return int(count)


def _prompts(node: NodeSource) -> tuple[str | None, str | None]:
    """(prompt, system prompt). With an `input` of its own the prompt is the instruction to it."""
    prompt, system, given = node.text("prompt"), node.text("systemPrompt"), node.text("input")
    context = node.text("context")
    if given is not None:
        node.note("changed", "input", "The prompt is the instruction now, and 'input' what is said to the model.")
        system, prompt = "\n\n".join(filter(None, (system, prompt))) or None, as_text(as_template(given))
    if context:
        system = "\n\n".join(filter(None, (system, context)))
    return prompt, system


def _base_url(node: NodeSource) -> str | None:
    url, provider = node.text("baseUrl"), folded(node.take("provider"))
    if url:
        return url
    known = _BASE_URLS.get(provider)
    if known is None:
        message = f"The provider '{provider}' has no known address: fill 'baseUrl' with its OpenAI-compatible one."
        node.note("problem", "baseUrl", message if provider else "The node names no provider: fill 'baseUrl'.")
    else:
        node.note("changed", "provider", f"The provider '{provider}' is now the address '{known}'.")
    return known


def _model_secret(node: NodeSource) -> str | None:
    if node.take("apiKey") is not None:
        message = "A key in clear text is not taken over: store it as a secret and name it in 'secretId'."
        node.note("dropped", "apiKey", message)
    written = as_text(node.take("secretId"))
    if not written:
        node.note("problem", "secretId", "The node names no secret for the model's key: fill 'secretId'.")
    return secret_name(written) if written else None
