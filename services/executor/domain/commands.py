"""What a turn asks for. Commands are data: the executor saves them with the state and carries them out later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.executor.domain.json_value import Json
from services.executor.domain.says import Button, Row, Say, Section, SendButtons, SendList, SendText

EndReason = Literal["end_node", "no_edge", "attempts_exceeded", "returned", "inactive"]
EffectKind = Literal["http", "ai"]
LimitReason = Literal["iterations", "timeout", "work"]


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The turn was stopped by a guard; the session is closed and a later message starts afresh."""

    node_id: str
    reason: LimitReason


@dataclass(frozen=True, slots=True)
class JumpToFlow:
    """Go on in another flow of the same organization, named by id or name, with these variables."""

    node_id: str
    flow: str
    variables: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class CallFlow:
    """Go through another flow of the same organization and come back to this node when it ends."""

    node_id: str
    flow: str
    variables: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class StartEffect:
    """Call something outside; the result comes back as EffectDone with this id.

    `request` is JSON, by kind; secrets stand in it by name only. After `seconds` nobody waits for the result.
    """

    node_id: str
    effect_id: str
    kind: EffectKind
    request: Mapping[str, Json]
    seconds: float


@dataclass(frozen=True, slots=True)
class ChangeContact:
    """Change what is known of the contact; an empty part changes nothing, None of `is_opted_in` leaves it."""

    node_id: str
    attributes: Mapping[str, Json]
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    language: str = ""
    is_opted_in: bool | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give the conversation to people. Ids and names may be empty; `priority` is 0 to 100; agents read `context`."""

    node_id: str
    queue_id: str
    department: str
    agent: str
    priority: int
    context: str


@dataclass(frozen=True, slots=True)
class HandBack:
    """People have the conversation no longer, though nobody released it: the bot goes on."""

    node_id: str


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Note an event of the author's own in the log."""

    node_id: str
    name: str
    value: Json
    properties: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Ended:
    """The flow ended at this node."""

    node_id: str
    reason: EndReason


Order = StartEffect | ChangeContact | HandOver | HandBack
Command = Say | Order | LogEvent | LimitReached | JumpToFlow | CallFlow | Ended

__all__ = [
    "Button", "CallFlow", "ChangeContact", "Command", "EffectKind", "EndReason", "Ended", "HandOver", "JumpToFlow",
    "LimitReached", "LimitReason", "LogEvent", "Order", "Row", "Say", "Section", "SendButtons", "SendList", "SendText",
    "StartEffect",
]  # fmt: skip
