"""What becomes of the result of a call outside: the variables it sets, and the parts of it that a path names."""

import re
from collections.abc import Callable, Iterator

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, object_at, text_at, text_of
from services.executor.domain.nodes.node_type import Exit
from services.executor.domain.turn import Turn
from services.executor.domain.variables import Scope, bare_name, compile_reader

Keep = Callable[[Turn, Json], None]

_INDEX = re.compile(r"\[(\d{1,6})\]", re.ASCII)
_ROOT = "body"
_EXITS = (Exit(("ok", "next")), Exit(("failed",), expected=False), Exit(("timeout",), expected=False))


def call_exits(node: Node) -> tuple[Exit, ...]:
    """The ways out of a call outside."""
    return _EXITS


def compile_keeping(node: Node) -> Keep:
    """Compile the storing of an answer: all of it in `outputVariable`, and its parts by `mapping`.

    What is not there is stored as empty text: an older value would be wrong.
    """
    output = text_at(node.data, "outputVariable")
    mapping = object_at(node.data, "mapping").items()
    readers = tuple((bare_name(name), compile_reader(_path(text_of(path)))) for name, path in mapping)

    def keep(turn: Turn, body: Json) -> None:
        turn.assign(output, "" if body is None else body)
        within = Scope({_ROOT: body}, {}, budget=turn.scope.budget)
        for name, read in readers:
            found = read(within)
            turn.assign(name, "" if found is None else found)

    return keep


def _path(written: str) -> str:
    """`$.items[0].id` and `items.0.id` are one path; an empty one is the whole answer."""
    path = _INDEX.sub(r".\1", written.strip().removeprefix("$")).strip(".")
    return f"{_ROOT}.{path}" if path else _ROOT


def kept_names(node: Node) -> tuple[str, ...]:
    """The variables that an answer sets."""
    mapped = (bare_name(name) for name in object_at(node.data, "mapping"))
    return (text_at(node.data, "outputVariable"), *mapped)


def check_mapping(node: Node) -> Iterator[Finding]:
    """Report a mapping that is no object of texts."""
    written = node.data.get("mapping")
    paths = object_at(node.data, "mapping").values()
    if written is not None and (not isinstance(written, dict) or any(isinstance(path, list | dict) for path in paths)):
        message = f'"mapping" of node {node.id} is no object of paths.'
        yield error("bad_mapping", node.id, message, 'Write {"variable": "path.in.the.answer"}.')
