"""Reading golden dialogues and telling what the engine did in the plain words of their files."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from services.executor.domain.commands import Command, Ended, JumpToFlow, LimitReached, SendButtons, SendList, SendText
from services.executor.domain.compile import CompiledFlow, compile_flow
from services.executor.domain.document import FlowDocument, parse_document
from services.executor.domain.engine import Outcome, step
from services.executor.domain.events import Event, FlowStarted, InboundMessage, TimerFired
from services.executor.domain.flow_settings import DEFAULT_ZONE
from services.executor.domain.limits import Limits
from services.executor.domain.session import Session
from services.executor.domain.turn import Moment

FLOWS = Path(__file__).parents[2] / "data" / "flows" / "native"
NOW = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Dialogue:
    """One conversation of a golden file."""

    flow: str
    name: str
    turns: list[dict[str, Any]]
    context: dict[str, Any]
    limits: Limits

    def __str__(self) -> str:
        return f"{self.flow}: {self.name}"


def document_of(name: str) -> FlowDocument:
    return parse_document(json.loads((FLOWS / f"{name}.json").read_text()))


def flow_of(name: str) -> CompiledFlow:
    return compile_flow(document_of(name), flow_id=name, version=1)


def all_dialogues() -> Iterator[Dialogue]:
    for path in sorted(FLOWS.glob("*.dialogue.yaml")):
        for item in yaml.safe_load(path.read_text()):
            flow = path.name.removesuffix(".dialogue.yaml")
            limits = Limits(**item.get("limits", {}))
            yield Dialogue(flow, item["name"], item["turns"], item.get("context", {}), limits)


def event_of(turn: Mapping[str, Any]) -> Event:
    if "timer" in turn:
        return TimerFired(turn["timer"])
    if "started" in turn:
        return FlowStarted(turn["started"])
    return InboundMessage(
        text=turn.get("user"),
        kind=turn.get("kind", "text"),
        reply_id=turn.get("reply_id"),
        reply_title=turn.get("title"),
        caption=turn.get("caption"),
    )


def take(flow: CompiledFlow, session: Session | None, event: Event, **changes: Any) -> Outcome:
    moment = Moment(NOW, zone=flow.settings.zone or DEFAULT_ZONE)
    arguments: dict[str, Any] = {
        "moment": moment,
        "limits": Limits(),
        "context": {},
        "monotonic": lambda: 0.0,
        **changes,
    }
    return step(flow, session, event, **arguments)


def plain(command: Command) -> Any:
    """A command in the words of the dialogue files; empty parts are left out."""
    match command:
        case SendText():
            return command.text
        case SendButtons():
            buttons = {button.id: button.title for button in command.buttons}
            return _frame(command, {"buttons": buttons})
        case SendList():
            sections = [[part.title, {row.id: row.title for row in part.rows}] for part in command.sections]
            return _frame(command, {"button": command.button_text, "sections": sections})
        case LimitReached():
            return {"limit": command.reason}
        case JumpToFlow():
            return {"flow": command.flow, "variables": dict(command.variables)}
        case Ended():
            return {"ended": command.reason}


def _frame(command: SendButtons | SendList, parts: dict[str, Any]) -> dict[str, Any]:
    frame = {"body": command.body, "header": command.header, "footer": command.footer}
    return {**{key: text for key, text in frame.items() if text}, **parts}
