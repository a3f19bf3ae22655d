"""One turn in progress: the only mutable thing of the engine; it never outlives `step`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Final, Literal

from services.executor.domain.answers import Judge
from services.executor.domain.commands import Command, EffectKind, EndReason, Say, SendText, StartEffect
from services.executor.domain.events import Event
from services.executor.domain.json_value import Json
from services.executor.domain.templates import Template
from services.executor.domain.variables import MAX_VARIABLES, Scope, is_system_name, size_of

MAX_TEXT: Final = 4096  # Meta refuses a longer text body
# What a character said costs of the turn's budget: a turn says 256 Ki characters at most.
_SAID: Final = 16


@dataclass(frozen=True, slots=True)
class ValidationFailure:
    """A wrong answer: which node, why (a code), and the how-manieth in a row."""

    node_id: str
    code: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth reporting that is no failure of the turn, such as an expression without a result."""

    node_id: str
    code: str


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a turn is told of the world: nothing in the engine looks at a clock or draws lots.

    `now` and `window_closes_at` are time-zone aware; None says that the 24 hour window is not known to close. `zone` is
    the flow's. `seed` is the event's own, `person` the contact's: chance follows from them.
    """

    now: datetime
    zone: tzinfo = UTC
    seed: str = ""
    person: str = ""
    window_closes_at: datetime | None = None

    @property
    def is_window_open(self) -> bool:
        """Whether free messages may be sent."""
        return self.window_closes_at is None or self.now < self.window_closes_at


@dataclass(slots=True)
class Turn:
    """What a turn has gathered so far. `variables`, `timers` and `memo` are the turn's own copies."""

    variables: dict[str, Json]
    system: dict[str, Json]
    scope: Scope
    commands: list[Command]
    visited: list[str]
    failures: list[ValidationFailure]
    notes: list[Note]
    # Characters that variables may still grow by; measured when the first of them is assigned.
    room: int | None = None
    # The node it is at.
    place: str = ""
    moment: Moment = field(default_factory=lambda: Moment(_EPOCH))
    timers: dict[str, int] = field(default_factory=dict)
    memo: dict[str, Json] = field(default_factory=dict)
    # The call outside that is waited for.
    effect_id: str = ""
    # Whether the node has spoken by a template already, since the window is closed.
    is_muted: bool = False
    # The way so far: node, exit, node, exit … node. It begins with an empty node where the flow begins.
    path: list[str] = field(default_factory=list)

    def assign(self, name: str, value: Json) -> None:
        """Store a variable; a system name cannot be overwritten and is left alone.

        Where variables are full it is empty, as after an expression without a result: the old value would be wrong.
        """
        if not name or is_system_name(name):
            return
        variables = self.variables
        if self.room is None:
            self.room = MAX_VARIABLES - sum([size_of(key, held) for key, held in variables.items()])
        room = self.room + size_of(name, variables[name]) if name in variables else self.room
        size = size_of(name, value)
        if size > room:
            self.notes.append(Note(self.place, "variables_full"))
            value, size = "", len(name)
        if size <= room:
            variables[name] = value
            self.room = room - size

    def render(self, template: Template) -> str:
        """Fill a text with the values of this moment."""
        return template.render(self.scope)

    def say(self, node_id: str, text: str) -> None:
        """Send a text; nothing when it is blank, several bubbles when Meta would refuse it for length."""
        if not text.strip():
            return
        if self.is_muted:
            return
        self.scope.budget.spend(len(text) * _SAID)
        for start in range(0, len(text), MAX_TEXT):
            bubble = text[start : start + MAX_TEXT]
            if bubble.strip():
                preview = "http://" in bubble or "https://" in bubble
                self.commands.append(SendText(node_id, bubble, preview))

    def send(self, command: Say) -> None:
        """Send what is no plain text."""
        if not self.is_muted:
            self.commands.append(command)

    def set_timer(self, kind: str, seconds: float) -> None:
        """Have TimerFired(kind) come in so many seconds, unless the node is left before; set again it moves."""
        self.set_timer_at(kind, self.moment.now + timedelta(seconds=seconds))

    def set_timer_at(self, kind: str, due: datetime) -> None:
        """Have TimerFired(kind) come at a moment."""
        self.timers[kind] = (due - _EPOCH) // _MICROSECOND

    def start_effect(self, node_id: str, kind: EffectKind, request: Mapping[str, Json], *, seconds: float) -> None:
        """Call something outside; EffectDone comes back, or TimerFired("effect") when nothing did in that time."""
        count = sum(isinstance(command, StartEffect) for command in self.commands)
        self.effect_id = sha256(f"{self.moment.seed}#{node_id}#{count}".encode()).hexdigest()[:32]
        self.commands.append(StartEffect(node_id, self.effect_id, kind, request, seconds))
        self.set_timer("effect", seconds)


@dataclass(frozen=True, slots=True)
class Go:
    """Leave the node by the first of these handles that an edge names, or by its plain edge."""

    handles: tuple[str, ...]


NEXT: Final = Go(("next",))


@dataclass(frozen=True, slots=True)
class GoTo:
    """Leave for a node by id."""

    node_id: str


@dataclass(frozen=True, slots=True)
class Finish:
    """End the flow here."""

    reason: EndReason


@dataclass(frozen=True, slots=True)
class LeaveFlow:
    """Go on in another flow."""

    flow: str
    variables: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Visit:
    """Go through another flow and come back to this node."""

    flow: str
    variables: Mapping[str, Json]


Move = Go | GoTo | Finish | LeaveFlow | Visit


@dataclass(frozen=True, slots=True)
class Passing:
    """A node that acts and moves on at once."""

    run: Callable[[Turn], Move]


@dataclass(frozen=True, slots=True)
class Burst:
    """What several messages in a row mean to a question that waits until it has been quiet for some seconds.

    `join` takes them as one answer, a line each; `latest` takes the last one. Without a Burst each message answers
    the question that stands when its turn comes ("queue").
    """

    policy: Literal["join", "latest"]
    quiet_seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """A node that asks and waits. `otherwise` names the exits for an answer it does not know, if it has them.

    `timeout_seconds` after asking, or after the last wrong answer, TimerFired("no_reply") comes; None: never.
    """

    ask: Callable[[Turn], None]
    judge: Judge
    variable_name: str
    main_handles: tuple[str, ...]
    error_text: Template | None
    max_attempts: int
    otherwise: str | None = None
    timeout_seconds: float | None = None
    burst: Burst | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """A node that acts and then waits for something that is no answer: a timer, an effect's result, people.

    `enter` gives None to wait, or a move to go on at once. `wake` is given what happens meanwhile, messages too, and
    gives a move, or None to go on waiting. With `keeps_messages` those that come meanwhile answer the next question;
    with `is_with_person` they are people's, and `wake` is not given any.
    """

    enter: Callable[[Turn], Move | None]
    wake: Callable[[Turn, Event], Move | None]
    keeps_messages: bool = False
    is_with_person: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """What a node that speaks does while the 24 hour window is closed.

    `branch` leaves by window_closed, `wait` waits for the contact's next message, `template` says `speak` in its place.
    """

    policy: Literal["branch", "wait", "template"]
    speak: Callable[[Turn], None] | None = None


Behaviour = Passing | Waiting | Holding
