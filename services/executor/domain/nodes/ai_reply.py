"""ai_reply: has a model answer, and says or stores what it says.

The call is made by the worker of effects, durably; the node waits for its result.
"""

import json
from collections.abc import Iterator
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.events import EffectDone, Event, TimerFired
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, number_of, objects_at, text_at, text_of, whole_number_at
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.http_request import OK, SPARE_SECONDS, check_range, within
from services.executor.domain.nodes.node_type import NodeType, Plan, compile_text, require_text, template_at
from services.executor.domain.nodes.results import call_exits, check_mapping, compile_keeping, kept_names
from services.executor.domain.nodes.values import compile_address
from services.executor.domain.secret_marks import is_secret_name
from services.executor.domain.turn import Go, Holding, Move, Note, Turn

_SECONDS, _MOST_SECONDS = 30, 60
_RETRIES: Final = 1
_MOST_HISTORY: Final = 20
_MOST_TOKENS: Final = 32_768
# Characters of a conversation with the model that a session keeps.
_MOST_REMEMBERED: Final = 16 * 1024

_FAILED, _TIMEOUT = Go(("failed",)), Go(("timeout", "failed"))


def _sends(node: Node) -> bool:
    wanted = node.data.get("send")
    return wanted if isinstance(wanted, bool) else not text_at(node.data, "outputVariable")


def _compile(node: Node, plan: Plan) -> Holding:
    base_url, model = compile_address(text_at(node.data, "baseUrl")), template_at(node, "model")
    system = template_at(node, "systemPrompt")
    prompt = compile_text(text_at(node.data, "prompt") or "{{user_message}}")
    seconds = within(node.data, "timeoutSeconds", _SECONDS, _MOST_SECONDS) or _SECONDS
    turns, memo = _history(node), f"ai:{node.id}"
    fixed = _fixed(node, seconds)

    def enter(turn: Turn) -> None:
        said, asked = turn.render(system), turn.render(prompt)
        former = objects_at(turn.memo, memo)
        opening: list[Json] = [{"role": "system", "content": said}] if said.strip() else []
        question: dict[str, Json] = {"role": "user", "content": asked}
        request: dict[str, Json] = {
            **fixed,
            "base_url": base_url(turn),
            "model": turn.render(model).strip(),
            "messages": [*opening, *former, question],
        }
        if turns:
            turn.memo[memo] = _bounded([*former, question], turns)
        turn.start_effect(node.id, "ai", request, seconds=(seconds + 2) * (_RETRIES + 1) + SPARE_SECONDS)

    keep, is_json, sends = compile_keeping(node), _is_json(node), _sends(node)

    def wake(turn: Turn, event: Event) -> Move | None:
        if isinstance(event, TimerFired):
            return _TIMEOUT
        if not isinstance(event, EffectDone):
            return None
        words, found = _answer(event.body, is_json=is_json)
        if event.outcome != "ok" or found is None:
            return _TIMEOUT if event.outcome == "timeout" else _FAILED
        keep(turn, found)
        if turns:
            turn.memo[memo] = _bounded([*objects_at(turn.memo, memo), {"role": "assistant", "content": words}], turns)
        if sends:
            _say(turn, node.id, words)
        return OK

    return Holding(enter, wake, keeps_messages=True)


def _say(turn: Turn, node_id: str, words: str) -> None:
    """Say it while the window is open; it may have closed during the call."""
    if turn.moment.is_window_open:
        turn.say(node_id, words)
    else:
        turn.notes.append(Note(node_id, "window_closed"))


def _fixed(node: Node, seconds: float) -> dict[str, Json]:
    """What of a request is the same every time."""
    temperature, most = number_of(node.data.get("temperature")), whole_number_at(node.data, "maxTokens")
    return {
        "secret": text_at(node.data, "secretId").strip(),
        "json_output": _is_json(node),
        "timeout_seconds": seconds,
        "max_retries": _RETRIES,
        **({"temperature": float(temperature)} if temperature is not None else {}),
        **({"max_tokens": most} if most is not None else {}),
    }


def _is_json(node: Node) -> bool:
    return node.data.get("jsonOutput") is True


def _history(node: Node) -> int:
    return min(max(whole_number_at(node.data, "history") or 0, 0), _MOST_HISTORY)


def _bounded(messages: list[dict[str, Json]], turns: int) -> list[Json]:
    """The last so many turns, a question and an answer each, as far as they are not too long to be kept."""
    kept: list[Json] = []
    room = _MOST_REMEMBERED
    for message in reversed(messages[-2 * turns :]):
        room -= len(text_at(message, "content"))
        if room < 0:
            break
        kept.append(message)
    return kept[::-1]


def _answer(body: Json, *, is_json: bool) -> tuple[str, Json]:
    """The model's words, and what of them is stored; None for what should be JSON and is none."""
    told = body if isinstance(body, dict) and isinstance(body.get("content"), str) else {"content": body}
    content = told.get("content")
    if not is_json:
        return text_of(content), text_of(content)
    found = told.get("json", _parsed(content) if isinstance(content, str) else content)
    return text_of(content), found


def _parsed(text: str) -> Json:
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _check(node: Node) -> Iterator[Finding]:
    yield from require_text(node, "model")
    url = text_at(node.data, "baseUrl").strip()
    if not url.startswith(("http://", "https://", "{{")):
        message = f'"baseUrl" of node {node.id} is no http or https address.'
        yield error("bad_url", node.id, message, "Write the address of the chat completions without that last part.")
    secret = text_at(node.data, "secretId").strip()
    if secret and not is_secret_name(secret):
        message = f'"secretId" of node {node.id} is no name of a secret.'
        yield error("bad_secret_name", node.id, message, "Store the key as a secret, and write its name here.")
    yield from check_range(node, "timeoutSeconds", _MOST_SECONDS)
    yield from check_range(node, "history", _MOST_HISTORY)
    yield from check_range(node, "temperature", 2)
    yield from check_range(node, "maxTokens", _MOST_TOKENS, 1)
    yield from check_mapping(node)


AI_REPLY = NodeType(
    summary="Has a model behind an OpenAI-compatible chat endpoint answer, and says the answer or stores it. The "
    "call lives through restarts. What the contact writes meanwhile answers the next question.",
    schema=fields.data(
        {
            "baseUrl": fields.template("The endpoint without /chat/completions."),
            "model": fields.template("The model."),
            "secretId": fields.text("The name of the secret that is sent as Bearer."),
            "systemPrompt": fields.template("What the model is told to be."),
            "prompt": fields.template("What it is asked.", default="{{user_message}}"),
            "history": fields.whole("Earlier turns with this node that it is told, 0 to 20.", default=0),
            "temperature": fields.number("0 to 2."),
            "maxTokens": fields.whole("The longest answer."),
            "timeoutSeconds": fields.number("For each try; 60 at most.", default=_SECONDS),
            "outputVariable": fields.text("Takes the answer."),
            "jsonOutput": fields.flag("The answer is JSON."),
            "mapping": fields.table("Variable → a path in the answer's JSON.", fields.text("A path.")),
            "send": fields.flag("Say the answer; by default when there is no outputVariable."),
            **fields.SPEAKING,
        },
        ("baseUrl", "model"),
    ),
    ways={
        "ok": "It answered.",
        "timeout": "No answer came in time; without this edge, failed.",
        **fields.SPEAKING_WAYS,
        "failed": "The call failed, or what was said did not arrive.",
    },
    compile=_compile,
    exits=call_exits,
    check=_check,
    sets=kept_names,
    texts=("baseUrl", "model", "systemPrompt", "prompt"),
    speaks=_sends,
)
