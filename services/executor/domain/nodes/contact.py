"""contact: changes what is known of the contact; the session sees it at once."""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.commands import ChangeContact
from services.executor.domain.contact_view import MEMO, contact_seen, remembered
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, object_at, text_of
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType, Plan, compile_text, main_exit, template_at
from services.executor.domain.nodes.values import compile_value
from services.executor.domain.turn import NEXT, Move, Note, Passing, Turn
from services.executor.domain.variables import MAX_VARIABLES, size_of

MAX_ENTRIES: Final = 50
MAX_NAME: Final = 64
MAX_TEXT: Final = 1024
# Characters of changes that a session remembers for its own sake.
_MOST_REMEMBERED: Final = MAX_VARIABLES // 4


def _compile(node: Node, plan: Plan) -> Passing:
    attributes = tuple((name.strip(), compile_value(value)) for name, value in _attributes(node).items())
    add_tags, remove_tags = _tags(node, "addTags"), _tags(node, "removeTags")
    language, opted = template_at(node, "language"), node.data.get("optIn")

    def run(turn: Turn) -> Move:
        change = ChangeContact(
            node_id=node.id,
            attributes={name: _bounded(value(turn)) for name, value in attributes},
            add_tags=add_tags(turn),
            remove_tags=remove_tags(turn),
            language=turn.render(language).strip()[:MAX_NAME],
            is_opted_in=opted if isinstance(opted, bool) else None,
        )
        turn.commands.append(change)
        _show(turn, change)
        return NEXT

    return Passing(run)


def _show(turn: Turn, change: ChangeContact) -> None:
    """Let this turn and the session's later ones see the change."""
    memo = remembered(turn.memo.get(MEMO), change)
    if size_of(MEMO, memo) > _MOST_REMEMBERED:
        turn.notes.append(Note(change.node_id, "variables_full"))
        return
    turn.memo[MEMO] = memo
    turn.system[MEMO] = contact_seen(turn.system.get(MEMO), memo)


def _attributes(node: Node) -> dict[str, Json]:
    return object_at(node.data, "attributes")


def _bounded(value: Json) -> Json:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    return value if len(text_of(value)) <= MAX_TEXT else text_of(value)[:MAX_TEXT]


def _tags(node: Node, field: str) -> Callable[[Turn], tuple[str, ...]]:
    written = node.data.get(field)
    templates = tuple(compile_text(text_of(tag)) for tag in (written if isinstance(written, list) else [written]))

    def fill(turn: Turn) -> tuple[str, ...]:
        tags = (turn.render(template).strip()[:MAX_NAME] for template in templates)
        return tuple(dict.fromkeys(tag for tag in tags if tag))

    return fill


def _check(node: Node) -> Iterator[Finding]:
    counts = [len(value) for field in ("addTags", "removeTags") if isinstance(value := node.data.get(field), list)]
    if max([len(_attributes(node)), *counts]) > MAX_ENTRIES:
        message = f"Node {node.id} changes more than {MAX_ENTRIES} things at once."
        yield error("option_count", node.id, message, "Split it over two nodes.")
    for name in _attributes(node):
        if not 1 <= len(name.strip()) <= MAX_NAME:
            message = f"An attribute's name of node {node.id} has not 1 to {MAX_NAME} characters."
            yield error("bad_attribute", node.id, message, "Name it shorter.")
    if not isinstance(node.data.get("optIn"), bool | None):
        message = f'"optIn" of node {node.id} is neither true nor false.'
        yield error("bad_opt_in", node.id, message, "Write true or false, without quotes.")
    known = ("attributes", "addTags", "removeTags", "language", "optIn")
    if all(node.data.get(field) in (None, "", [], {}) for field in known):
        message = f"Node {node.id} changes nothing of the contact."
        yield error("no_changes", node.id, message, f"Fill one of {', '.join(known)}.")


CONTACT = NodeType(
    summary="Changes what is known of the contact: attributes, tags, language, and whether they opted in. Later "
    "nodes read it as contact.attributes.<name>, contact.tags and contact.language.",
    schema=fields.data(
        {
            "attributes": fields.table("Name → value; texts may hold {{placeholders}}."),
            "addTags": fields.items("Tags to put on.", fields.template("One.")),
            "removeTags": fields.items("Tags to take off.", fields.template("One.")),
            "language": fields.template("The contact's language, as pt_BR."),
            "optIn": fields.flag("True: they agreed to messages; false: they refused."),
        }
    ),
    ways={"next": "At once."},
    compile=_compile,
    exits=main_exit("next"),
    check=_check,
    texts=("attributes", "addTags", "removeTags", "language"),
    speaks=lambda node: False,
)
