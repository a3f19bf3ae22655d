"""Runs a flow for one message: reads the state row, walks the nodes, writes the row and a log."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

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
        state = await self._get_or_create_state(flow, phone_number)
        turn = run_turn(flow.canvas_data, state, text)
        state.current_node_id = turn.node_id
        state.variables = turn.variables
        state.execution_path = turn.path
        state.is_active = turn.node_id is not None
        state.last_message_at = now()
        state.session_expires_at = now() + SESSION_TTL
        for node_id, reply in turn.replies:
            self._session.add(_log(flow, phone_number, text, node_id, reply))
        return [reply for _, reply in turn.replies]

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


def run_turn(canvas: dict[str, Any], state: ConversationState, text: str) -> Turn:
    """Go on from the question that waits, or from the start when nothing does, up to the next question or an end."""
    nodes = {node["id"]: node for node in canvas["nodes"]}
    if state.current_node_id is None or not state.is_active or state.session_expires_at < now():
        start = next(node["id"] for node in canvas["nodes"] if node["type"] == "start")
        turn = Turn(start, {}, [])
    else:
        turn = Turn(state.current_node_id, dict(state.variables), list(state.execution_path))
        question = nodes[state.current_node_id]
        if not _takes(question, text):
            turn.say(question)
            return turn
        turn.variables[question["data"]["variableName"]] = text.strip()
        turn.node_id = _next(canvas, state.current_node_id)
    _walk(canvas, nodes, turn)
    return turn


def _walk(canvas: dict[str, Any], nodes: dict[str, Node], turn: Turn) -> None:
    for _ in range(MAX_NODES):
        if turn.node_id is None:
            return
        node = nodes[turn.node_id]
        turn.path.append(turn.node_id)
        match node["type"]:
            case "message":
                turn.say(node)
                turn.node_id = _next(canvas, turn.node_id)
            case "question":
                turn.say(node)
                return
            case "condition":
                turn.node_id = node["data"]["trueNodeId" if _holds(node, turn.variables) else "falseNodeId"]
            case "end":
                turn.say(node)
                turn.node_id = None
            case _:
                turn.node_id = _next(canvas, turn.node_id)


def _takes(question: Node, text: str) -> bool:
    return question["data"].get("validationType") != "number" or NUMBER.fullmatch(text.strip()) is not None


def _holds(node: Node, variables: dict[str, Any]) -> bool:
    condition = node["data"]["condition"]
    return COMPARE[condition["operator"]](float(variables[condition["variableName"]]), float(condition["value"]))


def _next(canvas: dict[str, Any], node_id: str) -> str | None:
    return next((edge["target"] for edge in canvas["edges"] if edge["source"] == node_id), None)


def _log(flow: Flow, phone_number: str, text: str, node_id: str, reply: str) -> ConversationLog:
    return ConversationLog(
        organization_id=flow.organization_id,
        phone_number=phone_number,
        flow_id=flow.id,
        user_message=text,
        bot_response=reply,
        node_id=node_id,
    )
