"""Where names in a flow get their values: user variables, and system variables kept apart from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.executor.domain.budget import Budget
from services.executor.domain.json_value import Json, text_of

# Characters of all names and values of a conversation together; every turn loads and stores them.
MAX_VARIABLES: Final = 64 * 1024

# A name with one of these roots is read from the system only: no user variable can stand in for it.
SYSTEM_ROOTS: Final = frozenset(
    {"contact", "conversation", "flow", "secret", "current_time", "current_date", "user_message", "selected_option"}
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a text or rule may read. `local` holds the item of a loop; None everywhere means unknown.

    `budget` is the turn's: whoever reads much says so.
    """

    variables: Mapping[str, Json]
    system: Mapping[str, Json]
    keep_unknown: bool = False
    local: Mapping[str, Json] | None = None
    budget: Budget = field(default_factory=Budget)

    def inside(self, local: Mapping[str, Json]) -> "Scope":
        """The same scope within a loop over items."""
        return replace(self, local={**(self.local or {}), **local})


Reader = Callable[[Scope], Json]


def size_of(name: str, value: Json) -> int:
    """What a variable takes of MAX_VARIABLES."""
    return len(name) + (len(value) if isinstance(value, str) else len(text_of(value)))


def is_system_name(name: str) -> bool:
    """Whether a name belongs to the system and cannot be assigned."""
    return name.partition(".")[0].strip() in SYSTEM_ROOTS


def bare_name(name: str) -> str:
    """Take the braces off a variable that was written `{{name}}`."""
    text = name.strip()
    return text[2:-2].strip() if text.startswith("{{") and text.endswith("}}") else text


def compile_reader(path: str) -> Reader:
    """Compile a dotted path. A key that itself holds the dots comes before a walk through objects and lists."""
    segments = tuple(path.split("."))
    if segments[0] in SYSTEM_ROOTS:
        return lambda scope: _find(scope.system, path, segments)

    def read(scope: Scope) -> Json:
        if scope.local is not None and segments[0] in scope.local:
            return _find(scope.local, path, segments)
        found = scope.variables.get(path)
        return found if found is not None else _find(scope.variables, path, segments)

    return read


def _find(values: Mapping[str, Json], path: str, segments: tuple[str, ...]) -> Json:
    if path in values:
        return values[path]
    found = values.get(segments[0])
    for segment in segments[1:]:
        found = _child(found, segment)
    return found


def _child(value: Json, segment: str) -> Json:
    if isinstance(value, dict):
        return value.get(segment)
    if isinstance(value, list) and segment.isascii() and segment.isdigit() and len(segment) < 7:
        return value[int(segment)] if int(segment) < len(value) else None
    return None
