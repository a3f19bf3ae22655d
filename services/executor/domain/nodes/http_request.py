"""http_request: calls a web service and stores what it answers.

The call is made by the worker of effects, durably; the node waits for its result. Secrets stand in the request by name.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.events import EffectDone, Event, TimerFired
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, number_of, object_at, text_at
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType, Plan
from services.executor.domain.nodes.results import call_exits, check_mapping, compile_keeping, kept_names
from services.executor.domain.nodes.values import compile_address, compile_body, compile_header, compile_value
from services.executor.domain.turn import Finish, Go, Holding, Move, Turn

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_SECONDS, _MOST_SECONDS = 10, 60
_RETRIES, _MOST_RETRIES = 2, 5
_PAUSE, _MOST_PAUSE = 1, 60
# For what lies between the tries: queues, and a worker that is started anew.
SPARE_SECONDS: Final = 30

OK: Final = Go(("ok", "next"))
_HEADERS: Final = {
    "bearer": ("Authorization", "Bearer {{{{secret.{}}}}}"),
    "basic": ("Authorization", "Basic {{{{secret.{}}}}}"),
    "api_key": ("X-API-Key", "{{{{secret.{}}}}}"),
}


def within(data: Mapping[str, Json], name: str, usual: float, most: float) -> float:
    """A number of the data between 0 and `most`, or the usual one."""
    number = number_of(data.get(name))
    return min(max(float(number), 0.0), most) if number is not None else usual


def _compile(node: Node, plan: Plan) -> Holding:
    seconds = within(node.data, "timeoutSeconds", _SECONDS, _MOST_SECONDS) or _SECONDS
    retries = int(within(node.data, "maxRetries", _RETRIES, _MOST_RETRIES))
    pause = within(node.data, "retryDelay", _PAUSE, _MOST_PAUSE)
    patience: dict[str, Json] = {
        "timeout_seconds": seconds, "max_retries": retries, "retry_delay_seconds": pause,
    }  # fmt: skip
    request = _compile_request(node)
    # Pauses are drawn out a little, so that many calls do not come back together.
    whole = (seconds + 2 * pause) * (retries + 1) + SPARE_SECONDS

    def enter(turn: Turn) -> None:
        turn.start_effect(node.id, "http", request(turn) | patience, seconds=whole)

    return Holding(enter, _wake(node, plan), keeps_messages=True)


def _compile_request(node: Node) -> Callable[[Turn], dict[str, Json]]:
    method = (text_at(node.data, "method") or "GET").strip().upper()
    url = compile_address(text_at(node.data, "url"))
    headers = tuple((name, compile_header(value)) for name, value in _headers(node.data).items())
    query, body = compile_value(object_at(node.data, "query")), compile_body(node.data.get("body"))

    def request(turn: Turn) -> dict[str, Json]:
        written: dict[str, Json] = {
            "method": method,
            "url": url(turn),
            "headers": {name: header(turn) for name, header in headers},
            "query": query(turn),
        }
        content = body(turn)
        return written if content is None or content == "" else {**written, "body": content}

    return request


def _headers(data: Mapping[str, Json]) -> dict[str, Json]:
    """The headers, with that of the secret which older builders name beside them."""
    written, secret = object_at(data, "headers"), text_at(data, "secretId").strip()
    if not secret:
        return written
    name, value = _HEADERS.get(_auth(data), _HEADERS["bearer"])
    return {name: value.format(secret), **written}


def _auth(data: Mapping[str, Json]) -> str:
    return text_at(data, "authType").strip().casefold().replace("-", "_") or "bearer"


def _wake(node: Node, plan: Plan) -> Callable[[Turn, Event], Move | None]:
    keep, status_name = compile_keeping(node), text_at(node.data, "statusVariable")
    failed = _compile_failing(node, plan)

    def wake(turn: Turn, event: Event) -> Move | None:
        if isinstance(event, EffectDone):
            turn.assign(status_name, event.status)
            keep(turn, event.body)
            if event.outcome == "ok":
                return OK
            return failed(turn, ("timeout",) if event.outcome == "timeout" else (f"failed:{event.status}",))
        if isinstance(event, TimerFired):
            turn.assign(status_name, 0)
            keep(turn, None)
            return failed(turn, ("timeout",))
        return None

    return wake


def _compile_failing(node: Node, plan: Plan) -> Callable[[Turn, tuple[str, ...]], Move]:
    """Where a failure leads: an edge for its cause, `failed`, or on by `ok` where the author wants that."""
    output, fallback = text_at(node.data, "outputVariable"), node.data.get("fallbackValue")
    on_error = text_at(node.data, "onError").casefold()
    fill = compile_value(fallback)

    def failed(turn: Turn, causes: tuple[str, ...]) -> Move:
        if fallback is not None:
            turn.assign(output, fill(turn))
        handles = (*causes, "failed")
        if any(plan.exits.named(handle) for handle in handles):
            return Go(handles)
        if on_error == "continue" or (fallback is not None and on_error != "stop"):
            return OK
        return Finish("no_edge") if on_error == "stop" else Go(handles)

    return failed


def _check(node: Node) -> Iterator[Finding]:
    url = text_at(node.data, "url").strip()
    if not url.startswith(("http://", "https://", "{{")):
        message = f'"url" of node {node.id} is no http or https address.'
        yield error("bad_url", node.id, message, "Write the whole address, or begin it with a placeholder.")
    if (text_at(node.data, "method") or "GET").strip().upper() not in METHODS:
        message = f'The "method" of node {node.id} is unknown.'
        yield error("unknown_method", node.id, message, f"Write one of {', '.join(METHODS)}.")
    if text_at(node.data, "onError").casefold() not in ("", "continue", "stop"):
        message = f'The "onError" of node {node.id} is unknown.'
        yield error("unknown_on_error", node.id, message, "Write continue or stop, or connect failed.")
    if text_at(node.data, "secretId") and _auth(node.data) not in _HEADERS:
        message = f'The "authType" of node {node.id} is unknown.'
        yield error("unknown_auth", node.id, message, f"Write one of {', '.join(_HEADERS)}.")
    for field, most in (("timeoutSeconds", _MOST_SECONDS), ("maxRetries", _MOST_RETRIES), ("retryDelay", _MOST_PAUSE)):
        yield from check_range(node, field, most)
    for field in ("headers", "query"):
        if not isinstance(node.data.get(field), dict | None):
            message = f'"{field}" of node {node.id} is no object.'
            yield error("bad_request", node.id, message, "Write names and their values.")
    yield from check_mapping(node)


def check_range(node: Node, field: str, most: float, least: float = 0) -> Iterator[Finding]:
    """Report a number out of its range; nothing when it is absent."""
    written = node.data.get(field)
    number = number_of(written)
    if written is not None and written != "" and (number is None or not least <= number <= most):
        message = f'"{field}" of node {node.id} is no number from {least} to {most}.'
        yield error("out_of_range", node.id, message, f"Write a number from {least} to {most}.")


HTTP_REQUEST = NodeType(
    summary="Calls a web service and stores its answer, which lives through restarts and is tried again when it "
    "fails. Secrets are written as {{secret.NAME}} and put in at the moment of the call only. What the "
    "contact writes meanwhile answers the next question.",
    schema=fields.data(
        {
            "url": fields.template("The address; values that are put into it are percent-encoded, but for its begin."),
            "method": fields.choice("The method.", *METHODS, default="GET"),
            "headers": fields.table("Headers.", fields.template("One.")),
            "query": fields.table("Parameters that are added to the address."),
            "body": fields.anything("An object or list, sent as JSON, or a text; texts may hold {{placeholders}}."),
            "outputVariable": fields.text("Takes the whole answer: JSON, or text."),
            "mapping": fields.table("Variable → a path in the answer, as items.0.id.", fields.text("A path.")),
            "statusVariable": fields.text("Takes the HTTP status; 0 without an answer."),
            "timeoutSeconds": fields.number("For each try; 60 at most.", default=_SECONDS),
            "maxRetries": fields.whole("Tries after the first one; 5 at most.", default=_RETRIES),
            "retryDelay": fields.number("Seconds before each of them.", default=_PAUSE),
            "onError": fields.choice(
                "Without an edge for a failure: continue goes on by ok, stop ends the flow.", "continue", "stop"
            ),
            "fallbackValue": fields.anything("What outputVariable gets when it fails."),
            "secretId": fields.text("The name of a secret that is sent as authType says."),
            "authType": fields.choice("How secretId is sent.", *_HEADERS, default="bearer"),
        },
        ("url",),
    ),
    ways={
        "ok": "The answer was good (2xx or 3xx).",
        "failed": "It was not, or none came.",
        "failed:<status>": "The answer had this status, such as failed:404.",
        "timeout": "No answer came in time; without this edge, failed.",
    },
    compile=_compile,
    exits=call_exits,
    check=_check,
    sets=lambda node: (*kept_names(node), text_at(node.data, "statusVariable")),
    texts=("url", "headers", "query", "body", "fallbackValue"),
    secrets=("url", "headers", "query", "body"),
    speaks=lambda node: False,
)
