"""Findings about variables: read but never set, reserved, or oddly named."""

import re
from collections.abc import Iterable, Iterator

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.finding import Finding, error, warning
from services.executor.domain.json_value import text_at
from services.executor.domain.lint.settings import inactivity_texts
from services.executor.domain.lint.texts import texts_in
from services.executor.domain.nodes import NODE_TYPES
from services.executor.domain.templates import TemplateError, compile_template
from services.executor.domain.variables import MAX_VARIABLES, is_system_name, size_of

_NAME = re.compile(r"[^\W\d_][\w.\- ]{0,49}")
_RESULT_KEYS = ("outputVariable", "variableName")
_SELF_NAMED = frozenset({"user_message", "selected_option"})


def name_findings(document: FlowDocument) -> Iterator[Finding]:
    """Check every variable that nodes set and read."""
    size = sum([size_of(name, value) for name, value in document.variables.items()])
    if size > MAX_VARIABLES // 2:
        message = f"The variables of the flow hold {size} characters; {MAX_VARIABLES // 2} are allowed at the start."
        yield error("variables_too_large", None, message, "Leave room for what contacts say.")
    known = {name.partition(".")[0] for name in document.variables} | set(document.variables)
    for node in document.nodes:
        for name in _sets(node):
            known |= {name, name.partition(".")[0]}
            yield from _set_findings(node, name)
    silence = [name for _, text in inactivity_texts(document) for name in _template_names(text)]
    readers: list[tuple[str | None, str, Iterable[str]]] = [(None, 'The setting "inactivity"', silence)]
    readers += [(node.id, f"Node {node.id}", _reads(node)) for node in document.nodes]
    for node_id, who, names in readers:
        for name in dict.fromkeys(names):
            if not is_system_name(name) and name not in known and name.partition(".")[0] not in known:
                message = f'{who} reads the variable "{name}", which nothing in this flow sets.'
                yield warning("unknown_variable", node_id, message, "Set it first, or correct the name.")


def _set_findings(node: Node, name: str) -> Iterator[Finding]:
    if is_system_name(name) and name not in _SELF_NAMED:
        message = f'Node {node.id} sets "{name}", which belongs to the system and keeps its value.'
        yield warning("reserved_variable", node.id, message, "Choose another name.")
    elif not _NAME.fullmatch(name):
        message = f'Node {node.id} sets a variable of the unusual name "{name[:60]}".'
        yield warning("variable_name", node.id, message, "Use a letter, then letters, digits and _; 50 at most.")


def _sets(node: Node) -> tuple[str, ...]:
    node_type = NODE_TYPES.get(node.type)
    if node_type is None:
        # A type that cannot run yet still says where its result goes; its readers are not to blame.
        return tuple(name for key in _RESULT_KEYS if (name := text_at(node.data, key)))
    return tuple(name for name in node_type.sets(node) if name)


def _reads(node: Node) -> Iterator[str]:
    node_type = NODE_TYPES.get(node.type)
    if node_type is None:
        return
    yield from (name for name in node_type.reads(node) if name)
    for field in (*node_type.texts, "windowTemplate"):
        for text in texts_in(node.data.get(field)):
            yield from _template_names(text)


def _template_names(text: str) -> tuple[str, ...]:
    try:
        return compile_template(text).names
    except TemplateError:
        return ()
