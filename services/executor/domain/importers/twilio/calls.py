"""Widgets that call out: make-http-request, run-function, run-subflow. Nothing is called on import."""

import json
from urllib.parse import quote_plus

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.twilio.variables import DATA
from services.executor.domain.importers.twilio.widget import Widget, translated_json
from services.executor.domain.importers.values import Object, as_flag, as_text

_FORM = "application/x-www-form-urlencoded"


def read_http(widget: Widget) -> Draft:
    method = (as_text(widget.take("method")) or "GET").upper()
    kind, parameters = as_text(widget.take("content_type")), widget.pairs("parameters")
    headers: Object = {"Content-Type": kind} if kind and method != "GET" else {}
    body = _body(widget, kind or "")
    data: Object = {"url": _url(widget), "method": method, "headers": headers, "query": {}}
    if parameters and method == "GET":
        data["query"] = parameters
    elif parameters:
        body, headers["Content-Type"] = _form(widget, parameters), kind or _FORM
    if body is not None:
        data["body"] = body
    if as_flag(widget.take("add_twilio_auth")):
        message = "Twilio's own authentication is not added: name a secret in a header as {{secret.NAME}}."
        widget.note("problem", "add_twilio_auth", message)
    return Draft("http_request", data | {"outputVariable": widget.variable})


def read_function(widget: Widget) -> Draft:
    """A function of Twilio's is an address that takes its parameters as JSON and answers with JSON."""
    for name in ("service_sid", "environment_sid", "function_sid"):
        widget.take(name)
    message = "The function is called as an HTTP request with JSON: it must be public and understand that."
    widget.note("changed", "url", message)
    return Draft(
        "http_request",
        {
            "url": _url(widget),
            "method": "POST",
            "headers": {"Content-Type": "application/json"},
            "query": {},
            "body": widget.pairs("parameters"),
            "outputVariable": widget.variable,
        },
    )


def read_subflow(widget: Widget) -> Draft:
    flow = as_text(widget.take("flow_sid"))
    handed = {f"{DATA}.{key}": value for key, value in widget.pairs("parameters").items()}
    if flow:
        widget.note("problem", "flow_sid", f"'{flow}' is the id of a flow at Twilio: put the name of the one here.")
    else:
        widget.note("problem", "flow_sid", "The widget names no flow: fill 'targetFlow'.")
    # Studio hands over the parameters and nothing else.
    more: Object = {"variable_mapping": handed} if handed else {"pass_variables": False}
    return Draft("subflow", {"targetFlow": flow or ""} | more)


def _url(widget: Widget) -> str:
    url = widget.text("url") or ""
    if not url.startswith(("https://", "http://", "{{")):
        widget.note("problem", "url", f"The address '{url}' is not complete: write it with https:// and the host.")
    elif "YOUR_" in url.upper():
        widget.note("problem", "url", f"The address '{url}' is a placeholder: put the real one.")
    return url


def _body(widget: Widget, kind: str) -> object:
    """The body: JSON as a value, so that what is put in cannot break it; anything else as text."""
    written = as_text(widget.take("body"))
    if written is None or "json" not in kind.casefold():
        return None if written is None else widget.translated(written, "body")
    try:
        value = json.loads(written, parse_constant=_refuse)
        return translated_json(widget, value, "body")
    except (ValueError, RecursionError):
        return widget.translated(written, "body")


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _form(widget: Widget, parameters: Object) -> str:
    if any("{{" in str(value) for value in parameters.values()):
        widget.note("changed", "parameters", "What is put into the form is not percent-encoded: mind & and =.")
    pairs = ((quote_plus(key), str(value)) for key, value in parameters.items())
    return "&".join(f"{key}={value if '{{' in value else quote_plus(value)}" for key, value in pairs)
