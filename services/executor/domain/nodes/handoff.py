"""handoff: gives the conversation to people; the bot is silent until they release it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from services.executor.domain.commands import HandOver
from services.executor.domain.document import Node
from services.executor.domain.events import Event, Released, TimerFired
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import number_of, text_at, text_of
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan, compile_text, limit, template_at
from services.executor.domain.nodes.waiting import check_seconds, timeout_of
from services.executor.domain.session import HANDED_OVER_AT
from services.executor.domain.turn import MAX_TEXT, Go, Holding, Move, Turn

PRIORITIES: Final = {"low": 20, "normal": 50, "high": 80, "urgent": 100}
_MOST: Final = 100
_MAX_CONTEXT: Final = 4096
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_RELEASED, _NO_AGENT, _TIMEOUT = Go(("released", "next")), Go(("no_agent", "timeout")), Go(("timeout", "no_agent"))


def priority_of(text: str) -> int:
    """0 to 100, of a word or a number; what is neither is normal."""
    word = text.strip().casefold()
    number = number_of(word)
    if number is not None:
        return int(min(max(number, Decimal(0)), Decimal(_MOST)))
    return PRIORITIES.get(word, PRIORITIES["normal"])


def _compile(node: Node, plan: Plan) -> Holding:
    message, context = template_at(node, "message"), template_at(node, "contextMessage")
    queue, priority = template_at(node, "queueId"), compile_text(text_of(node.data.get("priority")))
    department, agent = _named(node, "department"), _named(node, "agent")
    seconds = timeout_of(node)

    def enter(turn: Turn) -> None:
        turn.memo[HANDED_OVER_AT] = (turn.moment.now - _EPOCH) // _MICROSECOND
        turn.say(node.id, turn.render(message))
        turn.commands.append(
            HandOver(
                node_id=node.id,
                queue_id=turn.render(queue).strip(),
                department=department(turn),
                agent=agent(turn),
                priority=priority_of(turn.render(priority)),
                context=turn.render(context)[:_MAX_CONTEXT],
            )
        )
        if seconds is not None:
            turn.set_timer("handoff", seconds)

    return Holding(enter, _wake, is_with_person=True)


def _named(node: Node, what: str) -> Callable[[Turn], str]:
    """An id, or else the name; `what` alone is how older builders write it."""
    templates = tuple(template_at(node, field) for field in (f"{what}Id", f"{what}Name", what))

    def read(turn: Turn) -> str:
        return next((text for template in templates if (text := turn.render(template).strip())), "")

    return read


def _wake(turn: Turn, event: Event) -> Move | None:
    if isinstance(event, Released):
        return _NO_AGENT if event.outcome == "no_agent" else _RELEASED
    return _TIMEOUT if isinstance(event, TimerFired) else None


def _check(node: Node) -> Iterator[Finding]:
    yield from check_seconds(node, "timeoutSeconds")
    yield from limit(node, "The message", text_at(node.data, "message"), MAX_TEXT)
    priority = text_of(node.data.get("priority")).strip().casefold()
    if priority and "{{" not in priority and priority not in PRIORITIES and number_of(priority) is None:
        message = f'The "priority" of node {node.id} is unknown.'
        yield error("unknown_priority", node.id, message, f"Write one of {', '.join(PRIORITIES)}, or 0 to {_MOST}.")


HANDOFF = NodeType(
    summary="Gives the conversation to people. The bot says nothing more until they release it, or until "
    "timeoutSeconds are over and nobody did.",
    schema=fields.data(
        {
            "queueId": fields.template("The queue."),
            "departmentId": fields.template("The department, by its id."),
            "departmentName": fields.template("The department, by its name."),
            "agentId": fields.template("A person, by their id."),
            "agentName": fields.template("A person, by their name."),
            "priority": {
                "type": ["string", "number", "null"],
                "description": "low, normal, high, urgent, 0 to 100, or a template that comes to one.",
                "default": "normal",
            },
            "message": fields.template("What the contact is told."),
            "contextMessage": fields.template("What the people are told."),
            "timeoutSeconds": fields.whole("After so many seconds it is left by timeout.", minimum=1),
            **fields.SPEAKING,
        }
    ),
    ways={
        "released": "The people gave the conversation back.",
        "no_agent": "Nobody was there to take it.",
        "timeout": "Nobody gave it back within timeoutSeconds.",
        **fields.SPEAKING_WAYS,
    },
    compile=_compile,
    exits=lambda node: tuple(
        Exit(handles, expected=False) for handles in (("released", "next"), ("no_agent",), ("timeout",))
    ),
    check=_check,
    texts=(
        "message", "contextMessage", "queueId", "priority", "department", "departmentId", "departmentName", "agent",
        "agentId", "agentName",
    ),
    waits=lambda node, exits: True,
    speaks=lambda node: bool(text_at(node.data, "message").strip()),
)  # fmt: skip
