"""Where one contact stands in one flow: an immutable value with a JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.executor.domain.contact_view import MEMO
from services.executor.domain.json_value import Json, flag_at, object_at, objects_at, text_at, whole_number_at

MAX_PATH: Final = 200
# In `memo`: when the conversation was given to people, in microseconds since 1970, for what is told of their speed.
HANDED_OVER_AT: Final = "handed_over_at_us"


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation's state. `variables` are the flow's own; what the system knows is kept apart from them.

    `execution_path` holds the last 200 node ids entered; `attempts` counts wrong answers at the current node.
    `timers` are those that run, by kind, each with its moment in microseconds since 1970. `effect_id` is the call
    outside that is waited for. `gathered` are the messages of a burst that is not over, `backlog` those that came while
    nobody was listening, both in the form of InboundMessage.to_json. `spoke` are the nodes whose messages may still
    turn out to have failed. `callers` are the flows that wait for this one's end, the nearest last, as
    {flow_id, flow_version}. `is_blocked`: the node could not speak, since the 24 hour window is closed. `memo` is what
    node types remember.
    """

    flow_id: str
    flow_version: int
    current_node_id: str | None = None
    variables: Mapping[str, Json] = field(default_factory=dict)
    execution_path: tuple[str, ...] = ()
    is_active: bool = True
    attempts: int = 0
    awaiting_input: bool = False
    user_message: str = ""
    selected_option: str = ""
    timers: Mapping[str, int] = field(default_factory=dict)
    effect_id: str = ""
    gathered: tuple[Mapping[str, Json], ...] = ()
    backlog: tuple[Mapping[str, Json], ...] = ()
    spoke: tuple[str, ...] = ()
    callers: tuple[Mapping[str, Json], ...] = ()
    is_blocked: bool = False
    is_taken: bool = False
    is_handed_over: bool = False
    memo: Mapping[str, Json] = field(default_factory=dict)

    @property
    def is_with_person(self) -> bool:
        """Whether people have the conversation: the bot says nothing until it is released."""
        return self.is_taken or self.is_handed_over

    def handed_on(self, flow_id: str, flow_version: int, callers: tuple[Mapping[str, Json], ...] = ()) -> "Session":
        """The session in which another flow begins: what was not heard yet and the contact's changes go along."""
        return Session(flow_id, flow_version, callers=callers, backlog=self.backlog, memo=self._of_contact())

    def taken_back(self, called: "Session") -> "Session":
        """The session of a caller again, with what the called flow did not hear and what it changed of the contact."""
        memo = {**self.memo, **called._of_contact()}
        return replace(self, is_active=True, backlog=called.backlog, memo=memo)

    def _of_contact(self) -> dict[str, Json]:
        return {MEMO: self.memo[MEMO]} if MEMO in self.memo else {}

    def to_json(self) -> dict[str, Json]:
        """The JSON form, as stored."""
        return {**self.place(), "variables": dict(self.variables), "execution_path": list(self.execution_path)}

    def place(self) -> dict[str, Json]:
        """The JSON form without `variables` and `execution_path`, which may be long; what is empty is left out."""
        written: dict[str, Json] = {
            "flow_id": self.flow_id,
            "flow_version": self.flow_version,
            "current_node_id": self.current_node_id,
            "is_active": self.is_active,
            "attempts": self.attempts,
            "awaiting_input": self.awaiting_input,
            "user_message": self.user_message,
            "selected_option": self.selected_option,
        }
        if self._has_more():
            written |= self._more()
        return written

    def _has_more(self) -> bool:
        return bool(
            self.timers or self.effect_id or self.gathered or self.backlog or self.spoke or self.callers
            or self.is_blocked or self.is_taken or self.is_handed_over or self.memo
        )  # fmt: skip

    def _more(self) -> dict[str, Json]:
        more: dict[str, Json] = {
            "timers": dict(self.timers),
            "effect_id": self.effect_id,
            "gathered": [dict(message) for message in self.gathered],
            "backlog": [dict(message) for message in self.backlog],
            "spoke": list(self.spoke),
            "callers": [dict(caller) for caller in self.callers],
            "is_blocked": self.is_blocked,
            "is_taken": self.is_taken,
            "is_handed_over": self.is_handed_over,
            "memo": dict(self.memo),
        }
        return {key: value for key, value in more.items() if value}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Session":
        """Read the JSON form; fields an older release did not write take their defaults."""
        return cls.from_parts(value, value.get("variables"), value.get("execution_path"))

    @classmethod
    def from_parts(cls, value: Mapping[str, Json], variables: Json, path: Json) -> "Session":
        """Read the form of `place`, with the variables and the execution path that are kept beside it."""
        return cls(
            flow_id=text_at(value, "flow_id"),
            flow_version=whole_number_at(value, "flow_version") or 0,
            current_node_id=text_at(value, "current_node_id") or None,
            variables=variables if isinstance(variables, dict) else {},
            execution_path=tuple(map(str, path)) if isinstance(path, list) else (),
            is_active=flag_at(value, "is_active"),
            attempts=whole_number_at(value, "attempts") or 0,
            awaiting_input=flag_at(value, "awaiting_input"),
            user_message=text_at(value, "user_message"),
            selected_option=text_at(value, "selected_option"),
            timers={kind: due for kind, due in object_at(value, "timers").items() if isinstance(due, int)},
            effect_id=text_at(value, "effect_id"),
            gathered=tuple(objects_at(value, "gathered")),
            backlog=tuple(objects_at(value, "backlog")),
            spoke=_texts(value.get("spoke")),
            callers=tuple(objects_at(value, "callers")),
            is_blocked=flag_at(value, "is_blocked"),
            is_taken=flag_at(value, "is_taken"),
            is_handed_over=flag_at(value, "is_handed_over"),
            memo=object_at(value, "memo"),
        )


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
