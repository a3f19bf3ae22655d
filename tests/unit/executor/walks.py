"""Conversations in memory, for tests of the core: small flows, and the engine with a clock that a test moves."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.executor.domain.arrival import Signal
from services.executor.domain.commands import StartEffect
from services.executor.domain.compile import CompiledFlow, CompiledNode, compile_flow
from services.executor.domain.document import Edge, parse_document
from services.executor.domain.events import EffectDone, InboundMessage, Released, Taken
from services.executor.domain.exits import build_exits
from services.executor.domain.flow_settings import FlowSettings
from services.executor.domain.flowtest import Flows, Scene, World
from services.executor.domain.limits import Limits
from services.executor.domain.session import Session
from services.executor.domain.turn import Behaviour, Closed

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
EDGE = tuple[str, str] | tuple[str, str, str]


def flow(
    nodes: Mapping[str, tuple[str, Mapping[str, Any]]],
    *edges: EDGE,
    name: str = "main",
    settings: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> CompiledFlow:
    """Compile a flow of `id: (type, data)`; a start that leads to the first node is added."""
    written = [{"id": node_id, "type": kind, "data": dict(data)} for node_id, (kind, data) in nodes.items()]
    document = {
        "schema": "pytake.flow/1", "name": name, "language": "en", "settings": dict(settings or {}),
        "variables": dict(variables or {}), "nodes": [{"id": "start", "type": "start"}, *written],
        "edges": [{"source": "start", "target": next(iter(nodes))}, *(_edge(edge) for edge in edges)],
    }  # fmt: skip
    return compile_flow(parse_document(document), flow_id=name, version=1)


def _edge(edge: EDGE) -> dict[str, str]:
    source, target, *handle = edge
    return {"source": source, "target": target, "sourceHandle": handle[0] if handle else ""}


def ask(content: str = "?", variable: str = "answer", **data: Any) -> tuple[str, dict[str, Any]]:
    """A question for a text."""
    return "question", {"kind": "text", "content": content, "variableName": variable, **data}


def say(content: str, **data: Any) -> tuple[str, dict[str, Any]]:
    """A message."""
    return "message", {"content": content, **data}


def end(content: str) -> tuple[str, dict[str, Any]]:
    """An end with a last word."""
    return "end", {"content": content}


def made(
    nodes: Mapping[str, tuple[Behaviour, Mapping[str, str]]],
    *,
    closed: Mapping[str, Closed] | None = None,
    catching: tuple[str, ...] = (),
) -> CompiledFlow:
    """A flow of behaviours, `id: (behaviour, handle → target)`, of which the first is the start."""
    compiled = {}
    for node_id, (behaviour, targets) in nodes.items():
        edges = [Edge("", node_id, target, handle, "") for handle, target in targets.items()]
        compiled[node_id] = CompiledNode(
            node_id, behaviour, build_exits(edges, frozenset()), (closed or {}).get(node_id), node_id in catching
        )
    settings = FlowSettings("en", UTC, False, False, False, "")
    return CompiledFlow("main", 1, settings, {}, next(iter(nodes)), compiled)


class Talk:
    """A conversation: each act gives what the bot said to it."""

    def __init__(self, *flows: CompiledFlow, session_hours: int = 24, limits: Limits | None = None) -> None:
        main, *others = flows
        scene = Scene("Ana", "5511900000001", START, "Etc/UTC", session_hours)
        self.world = World(Flows(main, {one.flow_id: one for one in others}), scene, limits=limits)

    def says(self, text: str) -> list[str]:
        return self.sends(InboundMessage(text))

    def sends(self, message: InboundMessage) -> list[str]:
        self.world.begin()
        self.world.hear(message)
        return self._said()

    def taps(self, option: str, title: str = "") -> list[str]:
        return self.sends(InboundMessage(kind="interactive", reply_id=option, reply_title=title or option))

    def after(self, **time: float) -> list[str]:
        self.world.begin()
        self.world.wait_until(self.world.now + timedelta(**time))
        return self._said()

    def told(self, signal: Signal) -> list[str]:
        self.world.begin()
        self.world.tell(signal)
        return self._said()

    def taken(self) -> list[str]:
        return self.told(Taken())

    def released(self) -> list[str]:
        return self.told(Released())

    def fails(self, node_id: str, code: int = 0) -> list[str]:
        self.world.begin()
        assert self.world.fail(node_id, code), "it has said nothing"
        return self._said()

    def answered(self, call: StartEffect, body: Any = None, status: int = 200) -> list[str]:
        return self.told(EffectDone(call.effect_id, "ok" if status < 300 else "failed", status, body))

    def _said(self) -> list[str]:
        return [spoken.words for spoken in self.world.happened.said]

    @property
    def session(self) -> Session:
        """Of the state that is stood in, or was last."""
        assert self.world.latest is not None
        return self.world.latest.session

    @property
    def node(self) -> str | None:
        active = self.world.active
        return active.session.current_node_id if active is not None else None

    @property
    def kinds(self) -> list[str]:
        """What the log was told of the last act."""
        return [record.kind for record in self.world.happened.records]

    @property
    def reasons(self) -> list[str]:
        """Why flows ended, or were stopped, in the last act."""
        records = self.world.happened.records
        return [record.text for record in records if record.kind in ("flow_ended", "limit_reached")]

    def due(self) -> dict[str, float]:
        """The timers that run, in seconds from now."""
        return {kind: (at - self.world.now).total_seconds() for (kind, _), at in self.world.timers.items()}
