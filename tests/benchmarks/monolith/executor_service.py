"""Runs a flow for one message: reads the state row, walks the nodes, writes the row and a log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tests.benchmarks.monolith.models import ConversationLog, ConversationState, Flow, now

MAX_NODES = 100
SESSION_TTL = timedelta(hours=24)
PLACEHOLDER = re.compile(r"\{\{\s*([a-zA-Z0-9_.]+)\s*\}\}")
NUMBER = re.compile(r"[0-9]+")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    "==": lambda left, right: left == right,
}

Node = dict[str, Any]


class Standing(Protocol):
    """Where somebody is in a flow: a row of the ORM, or of whoever else runs the same turns."""

    current_node_id: str | None
    variables: dict[str, Any]
    execution_path: list[str]
    is_active: bool
    session_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Canvas:
    """A flow's document made ready to walk; `follow` has the first edge out of each node."""

    nodes: Mapping[str, Node]
    follow: Mapping[str, str]
    start: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Canvas:
        follow: dict[str, str] = {}
        for edge in document["edges"]:
            follow.setdefault(edge["source"], edge["target"])
        start = next(node["id"] for node in document["nodes"] if node["type"] == "start")
        return cls({node["id"]: node for node in document["nodes"]}, follow, start)


@dataclass(slots=True)
class Turn:
    """What one message does: variables and path grow, replies are collected with the node that said them."""

    node_id: str | None
    variables: dict[str, Any]
    path: list[str]
    replies: list[tuple[str, str]] = field(default_factory=list)

    def say(self, node: Node) -> None:
        text = str(node["data"]["content"])
        filled = PLACEHOLDER.sub(lambda found: str(self.variables.get(found[1], "")), text)
        self.replies.append((node["id"], filled))


class ChatbotExecutor:
    """The executor of the seed's design, on the session of one message."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def execute(self, flow: Flow, phone_number: str, text: str) -> list[str]:
        """Run the flow for one text and return the replies; state and logs wait for the caller's commit."""
        turn = await self.advance(flow, phone_number, text)
        for node_id, reply in turn.replies:
            self._session.add(_log(flow, phone_number, text, node_id, reply))
        return [reply for _, reply in turn.replies]

    async def advance(self, flow: Flow, phone_number: str, text: str) -> Turn:
        """Run the flow and keep the state; the logs are left to the caller."""
        state = await self._get_or_create_state(flow, phone_number)
        turn = run_turn(Canvas.of(flow.canvas_data), state, text)
        state.current_node_id = turn.node_id
        state.variables = turn.variables
        state.execution_path = turn.path
        state.is_active = turn.node_id is not None
        state.last_message_at = now()
        state.session_expires_at = now() + SESSION_TTL
        return turn

    async def _get_or_create_state(self, flow: Flow, phone_number: str) -> ConversationState:
        query = select(ConversationState).where(
            ConversationState.organization_id == flow.organization_id,
            ConversationState.phone_number == phone_number,
            ConversationState.flow_id == flow.id,
        )
        state = (await self._session.execute(query)).scalar_one_or_none()
        if state is None:
            state = ConversationState(
                organization_id=flow.organization_id,
                phone_number=phone_number,
                flow_id=flow.id,
                variables={},
                execution_path=[],
                session_expires_at=now() + SESSION_TTL,
            )
            self._session.add(state)
        return state


def run_turn(canvas: Canvas, state: Standing, text: str) -> Turn:
    """Go on from the question that waits, or from the start when nothing does, up to the next question or an end."""
    if state.current_node_id is None or not state.is_active or state.session_expires_at < now():
        turn = Turn(canvas.start, {}, [])
    else:
        turn = Turn(state.current_node_id, dict(state.variables), list(state.execution_path))
        question = canvas.nodes[state.current_node_id]
        if not _takes(question, text):
            turn.say(question)
            return turn
        turn.variables[question["data"]["variableName"]] = text.strip()
        turn.node_id = canvas.follow.get(state.current_node_id)
    _walk(canvas, turn)
    return turn


def _walk(canvas: Canvas, turn: Turn) -> None:
    for _ in range(MAX_NODES):
        if turn.node_id is None:
            return
        node = canvas.nodes[turn.node_id]
        turn.path.append(turn.node_id)
        match node["type"]:
            case "message":
                turn.say(node)
                turn.node_id = canvas.follow.get(turn.node_id)
            case "question":
                turn.say(node)
                return
            case "condition":
                turn.node_id = node["data"]["trueNodeId" if _holds(node, turn.variables) else "falseNodeId"]
            case "end":
                turn.say(node)
                turn.node_id = None
            case _:
                turn.node_id = canvas.follow.get(turn.node_id)


def _takes(question: Node, text: str) -> bool:
    return question["data"].get("validationType") != "number" or NUMBER.fullmatch(text.strip()) is not None


def _holds(node: Node, variables: dict[str, Any]) -> bool:
    condition = node["data"]["condition"]
    return COMPARE[condition["operator"]](float(variables[condition["variableName"]]), float(condition["value"]))


def _log(flow: Flow, phone_number: str, text: str, node_id: str, reply: str) -> ConversationLog:
    return ConversationLog(
        organization_id=flow.organization_id,
        phone_number=phone_number,
        flow_id=flow.id,
        user_message=text,
        bot_response=reply,
        node_id=node_id,
    )
