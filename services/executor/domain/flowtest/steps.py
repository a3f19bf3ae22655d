"""A flow test as data: a scene, cases, and their steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from services.executor.domain.events import InboundMessage
from services.executor.domain.json_value import Json


class BadTest(ValueError):
    """A test that cannot be read; the message names the place in it, and the mend."""


@dataclass(frozen=True, slots=True)
class Says:
    """The contact sends something."""

    message: InboundMessage


@dataclass(frozen=True, slots=True)
class Taps:
    """The contact taps an option of a message of the bot, named by id or title."""

    option: str


@dataclass(frozen=True, slots=True)
class Passes:
    """Time passes, and what is due on the way happens."""

    time: timedelta


@dataclass(frozen=True, slots=True)
class Until:
    """Time passes until a moment: a local date and time, or the next time the clock shows `HH:MM`."""

    moment: str


@dataclass(frozen=True, slots=True)
class Answers:
    """A call outside that a node waits for comes to an end. `request` is what it must have asked, in part."""

    kind: Literal["http", "ai"]
    node_id: str
    outcome: Literal["ok", "failed", "timeout"]
    status: int
    body: Json
    error: str
    request: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Fails:
    """What a node said does not arrive; `code` is Meta's."""

    node_id: str
    code: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody takes the conversation or gives it back; `nobody`: those it was handed to did not take it."""

    does: Literal["takes", "releases", "nobody"]


Action = Says | Taps | Passes | Until | Answers | Fails | Person


@dataclass(frozen=True, slots=True)
class SaidWanted:
    """What a message must be. `options` are ids or titles in order, or id → title; `parts` other fields of it."""

    how: Literal["is", "contains", "matches"] | None
    words: str
    options: tuple[str, ...] | Mapping[str, str] | None = None
    parts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be so after a step; None: it is not looked at.

    `bot` is what was said since; with `is_all` that and nothing more, else those next. `node` "" is no node.
    `ended` "" is an end of any kind, and `is_ended` False means that it must not have ended.
    """

    bot: tuple[SaidWanted, ...] | None = None
    is_all: bool = False
    variables: Mapping[str, Json] = field(default_factory=dict)
    node: str | None = None
    flow: str | None = None
    is_ended: bool | None = None
    ended: str = ""
    is_waiting: bool | None = None
    handed_over: Mapping[str, Json] | None = None
    contact: Mapping[str, Json] | None = None
    logged: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens, if anything, and what must come of it."""

    action: Action | None
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Scene:
    """Who talks, when and where. `zone` is the organization's time zone, an IANA name."""

    name: str
    phone: str
    start: datetime
    zone: str
    session_hours: int


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation."""

    name: str
    scene: Scene
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one flow. `flow` is its file as written, `others` those it may go on in: name → file."""

    flow: str
    others: Mapping[str, str]
    cases: tuple[Case, ...]
