"""The names of an expression: the flow's variables, and what the system knows."""

from collections.abc import Callable, Mapping
from typing import Final

from services.executor.domain.cel.values import CelError, Value, type_name
from services.executor.domain.json_value import Json
from services.executor.domain.variables import SYSTEM_ROOTS, Scope

Find = Callable[[Scope], Value]


class _Missing:
    """In the place of a value that is not there; null is one that is."""


MISSING: Final = _Missing()


def compile_path(path: tuple[str, ...]) -> Callable[[Scope], "Json | _Missing"]:
    """Compile a name with dots to: scope → value, or MISSING. A key that itself holds the dots comes first."""
    whole, root = ".".join(path), path[0]

    def find(scope: Scope) -> "Json | _Missing":
        values: Mapping[str, Json] = scope.system if root in SYSTEM_ROOTS else scope.variables
        if scope.local is not None and root in scope.local:
            values = scope.local
        if whole in values:
            return values[whole]
        found: Json | _Missing = values.get(root, MISSING)
        for name in path[1:]:
            found = found.get(name, MISSING) if isinstance(found, dict) else MISSING
        return found

    return find


def compile_name(path: tuple[str, ...]) -> Find:
    """Compile a name to its value; one that nothing sets raises CelError."""
    find, written = compile_path(path), ".".join(path)

    def read(scope: Scope) -> Value:
        found = find(scope)
        if isinstance(found, _Missing):
            raise CelError(f'"{written}" is not set.')
        return found

    return read


def field_of(value: Value, name: str) -> Value:
    """A field of a map. Raises CelError."""
    if not isinstance(value, dict):
        raise CelError(f'"{name}" is a field of no {type_name(value)}.')
    if name not in value:
        raise CelError(f'The map has no "{name}".')
    return value[name]


def item_of(value: Value, place: Value) -> Value:
    """An item of a list by its place from 0, or of a map by its key. Raises CelError."""
    if isinstance(value, list):
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < len(value):
            raise CelError("The list has no such place.")
        return value[place]
    if isinstance(value, dict) and isinstance(place, str):
        return field_of(value, place)
    raise CelError(f"A {type_name(value)} has no item by {type_name(place)}.")
