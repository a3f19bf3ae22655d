"""Where one contact stands in one flow: an immutable value with a JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.executor.domain.json_value import Json, flag_at, text_at, whole_number_at

MAX_PATH: Final = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation's state. `variables` are the flow's own; what the system knows is kept apart from them.

    `execution_path` holds the last 200 node ids entered; `attempts` counts wrong answers at the current node.
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

    def to_json(self) -> dict[str, Json]:
        """The JSON form, as stored."""
        return {**self.place(), "variables": dict(self.variables), "execution_path": list(self.execution_path)}

    def place(self) -> dict[str, Json]:
        """The JSON form without `variables` and `execution_path`, which may be long."""
        return {
            "flow_id": self.flow_id,
            "flow_version": self.flow_version,
            "current_node_id": self.current_node_id,
            "is_active": self.is_active,
            "attempts": self.attempts,
            "awaiting_input": self.awaiting_input,
            "user_message": self.user_message,
            "selected_option": self.selected_option,
        }

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
        )
