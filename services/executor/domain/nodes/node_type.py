"""What a node type is to the compiler and the linter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.executor.domain.document import Node
from services.executor.domain.exits import Exits
from services.executor.domain.finding import Finding, error
from services.executor.domain.flow_settings import FlowSettings
from services.executor.domain.json_value import Json, text_at
from services.executor.domain.nodes.fields import Schema, Ways
from services.executor.domain.templates import Template, compile_template
from services.executor.domain.turn import Behaviour


@dataclass(frozen=True, slots=True)
class Plan:
    """What a node is compiled with besides its own data."""

    settings: FlowSettings
    exits: Exits
    flow_id: str = ""


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out: the handle and its synonyms; `expected` when a flow without an edge for it stops there."""

    handles: tuple[str, ...]
    expected: bool = True


def no_names(node: Node) -> tuple[str, ...]:
    """A type that sets or reads no variable of its own."""
    return ()


def no_findings(node: Node) -> Iterator[Finding]:
    """A type with nothing to check."""
    return iter(())


@dataclass(frozen=True, slots=True)
class NodeType:
    """One node type.

    `summary` is a paragraph for its author, `schema` describes its `data` (JSON Schema 2020-12), and `ways` says what
    each way out means; `<…>` in the name of a way stands for what the data say.

    `exits` lists its ways out, `check` its findings, `sets` the variables it assigns, `reads` the variables
    it names outside of `{{…}}`, and `texts` the data fields whose texts are templates. `waits` tells whether it waits
    for the contact, `speaks` whether it sends something, `needs_window` whether that may be sent only while the 24 hour
    window is open. `secrets` are the fields in which `{{secret.NAME}}` may stand.
    """

    summary: str
    schema: Schema
    ways: Ways
    compile: Callable[[Node, Plan], Behaviour]
    exits: Callable[[Node], tuple[Exit, ...]]
    check: Callable[[Node], Iterator[Finding]] = no_findings
    sets: Callable[[Node], tuple[str, ...]] = no_names
    reads: Callable[[Node], tuple[str, ...]] = no_names
    texts: tuple[str, ...] = ("content",)
    waits: Callable[[Node, Exits], bool] = lambda node, exits: False
    speaks: Callable[[Node], bool] = lambda node: bool(text_at(node.data, "content").strip())
    needs_window: bool = True
    secrets: tuple[str, ...] = ()


def main_exit(handle: str) -> Callable[[Node], tuple[Exit, ...]]:
    """The exits of a type with one way out."""
    exits = (Exit((handle,)),)
    return lambda node: exits


def template_at(node: Node, field: str) -> Template:
    """Compile the text in a field of the node's data; absent is empty."""
    return compile_text(node.data.get(field))


def compile_text(value: Json) -> Template:
    """Compile a text; what is no text is empty."""
    return compile_template(value if isinstance(value, str) else "")


def require_text(node: Node, field: str = "content") -> Iterator[Finding]:
    """Report a field that must hold text and is blank."""
    value = node.data.get(field)
    if not isinstance(value, str) or not value.strip():
        message = f'Node {node.id} has no text in "{field}".'
        yield error("empty_text", node.id, message, f'Write the text that is to be sent into "{field}".')


def limit(node: Node, what: str, text: str, most: int) -> Iterator[Finding]:
    """Report a text that is over Meta's limit, counted in characters without its placeholders."""
    length = compile_template(text).literal_length
    if length > most:
        message = f"{what} of node {node.id} has {length} characters; WhatsApp allows {most}."
        yield error("too_long", node.id, message, f"Shorten it to {most} characters.")
