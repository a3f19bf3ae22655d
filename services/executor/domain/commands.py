"""What a turn asks for. Commands are data: the executor saves them with the state and carries them out later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.executor.domain.json_value import Json

EndReason = Literal["end_node", "no_edge", "attempts_exceeded"]
LimitReason = Literal["iterations", "timeout", "work"]


@dataclass(frozen=True, slots=True)
class Button:
    """A reply button."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list."""

    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of rows."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class SendText:
    """Send one text bubble, at most 4096 characters."""

    node_id: str
    text: str
    preview_url: bool


@dataclass(frozen=True, slots=True)
class SendButtons:
    """Send a text with one to three reply buttons; header and footer may be empty."""

    node_id: str
    body: str
    header: str
    footer: str
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class SendList:
    """Send a text with a list of up to ten rows behind one button."""

    node_id: str
    body: str
    header: str
    footer: str
    button_text: str
    sections: tuple[Section, ...]


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
class Ended:
    """The flow ended at this node."""

    node_id: str
    reason: EndReason


Command = SendText | SendButtons | SendList | LimitReached | JumpToFlow | Ended
