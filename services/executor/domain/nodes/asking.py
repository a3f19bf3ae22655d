"""Nodes that ask for something that is no words: a place, a form, an order."""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.answers import Judge
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, warning
from services.executor.domain.json_value import text_at, whole_number_at
from services.executor.domain.nodes import fields, menu
from services.executor.domain.nodes.node_type import Exit
from services.executor.domain.nodes.waiting import (
    INVALID_EXIT,
    NO_REPLY_EXIT,
    burst_of,
    check_waiting,
    timeout_of,
)
from services.executor.domain.turn import Turn, Waiting

TEXTS: Final = ("content", "header", "footer", "errorMessage")
FIELDS: Final[dict[str, fields.Schema]] = {**fields.WAITING, **fields.RETRYING, **fields.SPEAKING}
WAYS: Final[fields.Ways] = {
    "answered": "It came.",
    **fields.INVALID_WAY,
    **fields.NO_REPLY_WAY,
    **fields.SPEAKING_WAYS,
}
EXITS: Final = (Exit(("answered",)), INVALID_EXIT, NO_REPLY_EXIT)


def await_thing(node: Node, ask: Callable[[Turn], None], judge: Judge) -> Waiting:
    """Ask for it, and wait until it comes or the attempts are used up."""
    return Waiting(
        ask=ask,
        judge=judge,
        variable_name=text_at(node.data, "variableName"),
        main_handles=("answered",),
        error_text=menu.error_template(node),
        max_attempts=max(1, whole_number_at(node.data, "maxAttempts") or menu.DEFAULT_ATTEMPTS),
        timeout_seconds=timeout_of(node),
        burst=burst_of(node),
    )


def check_asking(node: Node) -> Iterator[Finding]:
    """Check what such nodes share."""
    yield from menu.check_words(node)
    yield from check_waiting(node)
    if not text_at(node.data, "variableName"):
        message = f'Node {node.id} has no "variableName": what comes is not stored.'
        yield warning("no_variable", node.id, message, 'Name a variable in "variableName".')
