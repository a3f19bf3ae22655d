"""random: takes one of several ways by weight; the same contact takes the same one each time, unless told otherwise.

Chance follows from the contact's id, or from the event's, by SHA-256: a turn that is repeated comes to the same.
"""

from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import number_of, objects_at, text_at
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import Exit, NodeType, Plan
from services.executor.domain.turn import Go, Move, Passing, Turn

# Weights count in thousandths, so that 33.3 is one; a million is more than anybody needs.
_PARTS: Final = 1000
MAX_WEIGHT: Final = 1_000_000
_LOTS: Final = 1 << 64


def _variants(node: Node) -> list[tuple[str, str, int]]:
    """Handle, label and weight in thousandths of each variant; a weight that is absent is 1."""
    return [
        (
            text_at(item, "handle") or text_at(item, "label"),
            text_at(item, "label"),
            _weight(number_of(item.get("weight"))),
        )
        for item in objects_at(node.data, "variants")
    ]


def _weight(number: Decimal | None) -> int:
    return _PARTS if number is None else int(min(max(number, Decimal(0)), Decimal(MAX_WEIGHT)) * _PARTS)


def drawn(key: str, weights: tuple[int, ...]) -> int:
    """The place of the variant that a key comes to: each as often as its weight says."""
    lot = int.from_bytes(sha256(key.encode()).digest()[:8], "big") * sum(weights) // _LOTS
    for place, weight in enumerate(weights):
        if lot < weight:
            return place
        lot -= weight
    return len(weights) - 1


def _compile(node: Node, plan: Plan) -> Passing:
    variants = _variants(node)
    weights = tuple(weight for _, _, weight in variants)
    ways = tuple(Go((handle, label)) for handle, label, _ in variants)
    handles, name = tuple(handle for handle, _, _ in variants), text_at(node.data, "variableName")
    is_sticky, salt = node.data.get("sticky") is not False, f"{plan.flow_id}#{node.id}"

    def run(turn: Turn) -> Move:
        # By the place in the turn as well, or a loop would take the same way each time round.
        lot = turn.moment.person if is_sticky else f"{turn.moment.seed}#{len(turn.visited)}"
        place = drawn(f"{salt}#{lot}", weights)
        turn.assign(name, handles[place])
        return ways[place]

    return Passing(run)


def _check(node: Node) -> Iterator[Finding]:
    items, variants = objects_at(node.data, "variants"), _variants(node)
    if not variants:
        yield error("no_variants", node.id, f"Node {node.id} has no variants.", 'List them in "variants".')
        return
    handles = [handle.casefold() for handle, _, _ in variants]
    if "" in handles or len(set(handles)) < len(handles):
        message = f"The handles of node {node.id} are not all filled and different."
        yield error("duplicate_option", node.id, message, "Give each variant its own handle.")
    for item in items:
        weight = number_of(item.get("weight"))
        if item.get("weight") is not None and (weight is None or not 0 <= weight <= MAX_WEIGHT):
            message = f"A weight of node {node.id} is no number from 0 to {MAX_WEIGHT}."
            yield error("bad_weight", node.id, message, "Write a number; they need not add up to 100.")
    if not sum(weight for _, _, weight in variants):
        yield error("bad_weight", node.id, f"The weights of node {node.id} are all 0.", "Give one of them a weight.")


_VARIANT: Final = fields.record(
    "A way out.",
    {
        "handle": fields.text("The way out."),
        "weight": fields.number("How often it is taken, as a part of all weights.", default=1),
        "label": fields.text("What it is called."),
    },
    ("handle",),
)

RANDOM = NodeType(
    summary="Takes one of several ways by weight. A contact takes the same way each time, so that variants can be "
    "compared; with sticky false each time is new.",
    schema=fields.data(
        {
            "variants": fields.items("The ways out.", _VARIANT),
            "sticky": fields.flag("The same contact takes the same way each time.", default=True),
            "variableName": fields.text("Takes the handle."),
        },
        ("variants",),
    ),
    ways={"<handle of a variant>": "It was drawn."},
    compile=_compile,
    exits=lambda node: tuple(Exit((handle, label) if label else (handle,)) for handle, label, _ in _variants(node)),
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),),
    texts=(),
    speaks=lambda node: False,
)
