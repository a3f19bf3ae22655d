"""What buttons and list share: sending within Meta's limits, and waiting for one of the options."""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.answers import compile_choice
from services.executor.domain.document import Node
from services.executor.domain.exits import Exits
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import text_at, whole_number_at
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import Exit, Plan, compile_text, limit, template_at
from services.executor.domain.nodes.waiting import INVALID_EXIT, NO_REPLY_EXIT, burst_of, check_waiting, timeout_of
from services.executor.domain.options import Option
from services.executor.domain.templates import Template
from services.executor.domain.turn import Turn, Waiting

DEFAULT_ATTEMPTS = 3
ELSE_HANDLES = ("else", "default", "senão", "senao")
MAX_BODY = 1024
MAX_HEADER = 60
MAX_FOOTER = 60

Text = Callable[[Turn], str]

FRAME: Final[dict[str, fields.Schema]] = {
    "content": fields.template("The text, at most 1,024 characters."),
    "header": fields.template("A line above it, at most 60 characters."),
    "footer": fields.template("A small line below it, at most 60 characters."),
}
FIELDS: Final[dict[str, fields.Schema]] = {**fields.WAITING, **fields.RETRYING, **fields.SPEAKING}
WAYS: Final[fields.Ways] = {
    "else": "The answer is none of them; without this edge it counts as a wrong answer.",
    **fields.INVALID_WAY,
    **fields.NO_REPLY_WAY,
    **fields.SPEAKING_WAYS,
}


def clipped(template: Template, most: int) -> Text:
    """Render a text and cut it to Meta's limit: a value may be longer than the author thought."""
    if template.constant is not None:
        constant = _cut(template.constant, most)
        return lambda turn: constant
    return lambda turn: _cut(turn.render(template), most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def filled(template: Template, most: int) -> Text:
    """As clipped, but never blank: Meta refuses a menu without a body or an option without a title."""
    write = clipped(template, most)

    def fill(turn: Turn) -> str:
        text = write(turn)
        return text if text.strip() else "…"

    return fill


def title_text(title: str, most: int) -> Text:
    """The title of an option, which may hold placeholders."""
    return filled(compile_text(title), most)


def compile_menu(node: Node, plan: Plan, ask: Callable[[Turn], None], options: tuple[Option, ...]) -> Waiting:
    """Wait for one of the options; its id is stored and names the way out."""
    return Waiting(
        ask=ask,
        judge=compile_choice(options),
        variable_name=text_at(node.data, "variableName"),
        main_handles=("next",),
        error_text=error_template(node),
        max_attempts=max(1, whole_number_at(node.data, "maxAttempts") or DEFAULT_ATTEMPTS),
        otherwise=next((handle for handle in ELSE_HANDLES if plan.exits.named(handle)), None),
        timeout_seconds=timeout_of(node),
        burst=burst_of(node),
    )


def error_template(node: Node) -> Template | None:
    """The node's own error text, if it has one."""
    return template_at(node, "errorMessage") if text_at(node.data, "errorMessage").strip() else None


def menu_exits(options: tuple[Option, ...]) -> tuple[Exit, ...]:
    """One way out per option, and the ones an author may add."""
    named = tuple(Exit((option.value, option.title, "next")) for option in options)
    return (*named, Exit(ELSE_HANDLES, expected=False), INVALID_EXIT, NO_REPLY_EXIT)


def always_waits(node: Node, exits: Exits) -> bool:
    """A menu and a question always wait."""
    return True


def check_words(node: Node) -> Iterator[Finding]:
    """Check body, header and footer."""
    yield from limit(node, "The text", text_at(node.data, "content"), MAX_BODY)
    yield from limit(node, "The header", text_at(node.data, "header"), MAX_HEADER)
    yield from limit(node, "The footer", text_at(node.data, "footer"), MAX_FOOTER)
    if isinstance(node.data.get("header"), dict):
        yield error("not_runnable", node.id, f"The header of node {node.id} is no text.", "Use a text header.")


def check_frame(node: Node, options: tuple[Option, ...]) -> Iterator[Finding]:
    """Check body, header, footer, and that the options can be told apart."""
    yield from check_waiting(node)
    yield from check_words(node)
    for what, names in (("id", [o.value for o in options]), ("title", [o.title.strip() for o in options])):
        if "" in names:
            yield error("empty_option", node.id, f"An option of node {node.id} has no {what}.", f"Give it one {what}.")
        if len(set(names)) < len(names):
            message = f"Two options of node {node.id} have the same {what}."
            yield error("duplicate_option", node.id, message, f"Give each option its own {what}.")
