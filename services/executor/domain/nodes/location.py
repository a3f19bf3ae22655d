"""location: sends a place on the map."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, number_of
from services.executor.domain.nodes import fields, menu
from services.executor.domain.nodes.node_type import NodeType, Plan, limit, main_exit, template_at
from services.executor.domain.nodes.values import compile_number
from services.executor.domain.says import SendLocation
from services.executor.domain.turn import NEXT, Move, Note, Passing, Turn

MAX_WORDS: Final = 1024
_MOST: Final = {"latitude": 90, "longitude": 180}


def degrees(number: Decimal | None, most: int) -> float | None:
    """Degrees within bounds; None for what is none."""
    return float(number) if number is not None and abs(number) <= most else None


def _compile(node: Node, plan: Plan) -> Passing:
    latitude, longitude = compile_number(node.data.get("latitude")), compile_number(node.data.get("longitude"))
    name, address = (menu.clipped(template_at(node, field), MAX_WORDS) for field in ("name", "address"))

    def run(turn: Turn) -> Move:
        north, east = degrees(latitude(turn), 90), degrees(longitude(turn), 180)
        if north is None or east is None:
            turn.notes.append(Note(node.id, "bad_location"))
        else:
            turn.send(SendLocation(node.id, north, east, name(turn), address(turn)))
        return NEXT

    return Passing(run)


def check_degrees(node: Node, field: str, value: Json) -> Iterator[Finding]:
    """Report degrees that are none, unless they hold a placeholder."""
    if isinstance(value, str) and "{{" in value:
        return
    if degrees(number_of(value), _MOST[field]) is None:
        message = f'"{field}" of node {node.id} is no number of degrees up to {_MOST[field]}.'
        yield error("bad_location", node.id, message, "Write degrees, south and west with a minus.")


def _check(node: Node) -> Iterator[Finding]:
    for field in _MOST:
        yield from check_degrees(node, field, node.data.get(field))
    yield from limit(node, "The name", str(node.data.get("name") or ""), MAX_WORDS)
    yield from limit(node, "The address", str(node.data.get("address") or ""), MAX_WORDS)


FIELDS: Final[dict[str, fields.Schema]] = {
    "latitude": fields.number("Degrees, -90 to 90."),
    "longitude": fields.number("Degrees, -180 to 180."),
    "name": fields.template("What the place is called."),
    "address": fields.template("Its address."),
}

LOCATION = NodeType(
    summary="Sends a place on the map. Every field may hold placeholders; a place that comes to no degrees is not "
    "sent.",
    schema=fields.data({**FIELDS, **fields.SPEAKING}, ("latitude", "longitude")),
    ways={"next": "At once.", **fields.SPEAKING_WAYS},
    compile=_compile,
    exits=main_exit("next"),
    check=_check,
    texts=("latitude", "longitude", "name", "address"),
    speaks=lambda node: True,
)
