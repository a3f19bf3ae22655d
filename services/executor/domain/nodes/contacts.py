"""contacts: sends cards of persons."""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, objects_at, text_at, text_of
from services.executor.domain.nodes import fields, menu
from services.executor.domain.nodes.node_type import NodeType, Plan, compile_text, main_exit
from services.executor.domain.says import Card, SendContacts
from services.executor.domain.turn import NEXT, Move, Note, Passing, Turn

MAX_CARDS: Final = 257
MAX_NAME: Final = 1024


def _compile(node: Node, plan: Plan) -> Passing:
    cards = tuple(_card(item) for item in objects_at(node.data, "contacts"))

    def run(turn: Turn) -> Move:
        filled = tuple(card for card in (fill(turn) for fill in cards) if card.name.strip())
        if filled:
            turn.send(SendContacts(node.id, filled))
        else:
            turn.notes.append(Note(node.id, "no_contacts"))
        return NEXT

    return Passing(run)


def _card(item: dict[str, Json]) -> Callable[[Turn], Card]:
    name = menu.clipped(compile_text(item.get("name")), MAX_NAME)
    phones, emails = _lines(item, "phones"), _lines(item, "emails")
    organization = compile_text(item.get("organization"))
    return lambda turn: Card(name(turn), phones(turn), emails(turn), turn.render(organization).strip())


def _lines(item: dict[str, Json], field: str) -> Callable[[Turn], tuple[str, ...]]:
    """The texts of a list; what is blank is left out."""
    templates = tuple(compile_text(text) for text in _texts(item, field))

    def fill(turn: Turn) -> tuple[str, ...]:
        lines = (turn.render(template).strip() for template in templates)
        return tuple(line for line in lines if line)

    return fill


def _texts(item: dict[str, Json], field: str) -> list[str]:
    value = item.get(field)
    # Older builders write objects here: {"phone": …}, {"email": …}.
    entries = value if isinstance(value, list) else [value]
    return [text_at(one, field[:-1]) if isinstance(one, dict) else text_of(one) for one in entries]


def _check(node: Node) -> Iterator[Finding]:
    cards = objects_at(node.data, "contacts")
    if not 1 <= len(cards) <= MAX_CARDS:
        message = f"Node {node.id} sends {len(cards)} contacts; WhatsApp allows 1 to {MAX_CARDS}."
        yield error("option_count", node.id, message, 'List them in "contacts".')
    for card in cards:
        if not text_at(card, "name").strip():
            yield error("empty_text", node.id, f"A contact of node {node.id} has no name.", "Give it one.")


_CARD: Final = fields.record(
    "A card.",
    {
        "name": fields.template("The person's name."),
        "phones": fields.items("Phone numbers.", fields.template("One.")),
        "emails": fields.items("E-mail addresses.", fields.template("One.")),
        "organization": fields.template("Where the person works."),
    },
    ("name",),
)

CONTACTS = NodeType(
    summary="Sends cards of persons, which the contact can store.",
    schema=fields.data({"contacts": fields.items("The cards.", _CARD), **fields.SPEAKING}, ("contacts",)),
    ways={"next": "At once.", **fields.SPEAKING_WAYS},
    compile=_compile,
    exits=main_exit("next"),
    check=_check,
    texts=("contacts",),
    speaks=lambda node: True,
)
