"""One turn in progress: the only mutable thing of the engine; it never outlives `step`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.executor.domain.answers import Judge
from services.executor.domain.commands import Command, EndReason, SendText
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


@dataclass(slots=True)
class Turn:
    """What a turn has gathered so far. `variables` is the turn's own copy."""

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
        self.scope.budget.spend(len(text) * _SAID)
        for start in range(0, len(text), MAX_TEXT):
            bubble = text[start : start + MAX_TEXT]
            if bubble.strip():
                preview = "http://" in bubble or "https://" in bubble
                self.commands.append(SendText(node_id, bubble, preview))


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


Move = Go | GoTo | Finish | LeaveFlow


@dataclass(frozen=True, slots=True)
class Passing:
    """A node that acts and moves on at once."""

    run: Callable[[Turn], Move]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A node that asks and waits. `otherwise` names the exits for an answer it does not know, if it has them."""

    ask: Callable[[Turn], None]
    judge: Judge
    variable_name: str
    main_handles: tuple[str, ...]
    error_text: Template | None
    max_attempts: int
    otherwise: str | None = None


Behaviour = Passing | Waiting
