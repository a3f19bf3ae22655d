"""subflow: goes through another flow of the same organization and comes back when it ends.

`variable_mapping` is {its variable: "{{ours}}"}; without it every variable goes along, unless `pass_variables` is
false. `returns` is {our variable: "its variable"}; without it nothing comes back.
"""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.events import Event, Returned
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, object_at, text_at, text_of
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import NodeType, Plan, main_exit
from services.executor.domain.templates import compile_template
from services.executor.domain.turn import NEXT, Holding, Move, Turn, Visit
from services.executor.domain.variables import Reader, Scope, bare_name, compile_reader

HANDING: Final[dict[str, fields.Schema]] = {
    "variable_mapping": fields.table(
        "Its variable → ours: a name, or a template. Without it every variable goes along.",
        fields.anything("A name, a template, or a value."),
    ),
    "pass_variables": fields.flag("False: no variable goes along.", default=True),
    "returns": fields.table("Our variable → its variable. Without it nothing comes back.", fields.text("Its name.")),
}


def other_flow(node: Node) -> str:
    """The id or name of the flow it leads to."""
    return text_at(node.data, "targetFlowId") or text_at(node.data, "targetFlow")


def compile_handing(node: Node) -> Callable[[Turn], dict[str, Json]]:
    """Compile what the other flow begins with."""
    mapping = object_at(node.data, "variable_mapping")
    readers = tuple((bare_name(name), _source(value)) for name, value in mapping.items())
    pass_all = not readers and node.data.get("pass_variables") is not False

    def hand_over(turn: Turn) -> dict[str, Json]:
        if pass_all:
            return dict(turn.variables)
        found = ((name, read(turn.scope)) for name, read in readers)
        return {name: value for name, value in found if value is not None}

    return hand_over


def _source(value: Json) -> Reader:
    """A bare or braced name copies that variable; any other text is a template; anything else is itself."""
    if not isinstance(value, str):
        return lambda scope: value
    name = bare_name(value)
    # {{a}} {{b}} is no single name, and {{a|upper}} is one with a filter.
    is_template = "{{" in name or ("|" in name and "{{" in value)
    return compile_template(value).render if is_template else compile_reader(name)


def returned_names(node: Node) -> tuple[str, ...]:
    """Our variables that the other flow's end sets."""
    return tuple(bare_name(name) for name in object_at(node.data, "returns"))


def compile_visit(node: Node) -> Holding:
    """Compile the way through another flow and back."""
    flow, hand_over = other_flow(node), compile_handing(node)
    pairs = object_at(node.data, "returns").items()
    returns = tuple((bare_name(ours), compile_reader(bare_name(text_of(its)))) for ours, its in pairs)

    def wake(turn: Turn, event: Event) -> Move | None:
        if not isinstance(event, Returned):
            return None
        theirs = Scope(event.variables, {})
        for ours, read in returns:
            value = read(theirs)
            turn.assign(ours, "" if value is None else value)
        return NEXT

    return Holding(enter=lambda turn: Visit(flow, hand_over(turn)), wake=wake)


def _compile(node: Node, plan: Plan) -> Holding:
    return compile_visit(node)


def _check(node: Node) -> Iterator[Finding]:
    if not other_flow(node):
        message = f"Sub-flow node {node.id} names no flow."
        yield error("no_target", node.id, message, 'Name a flow in "targetFlow" or "targetFlowId".')


SUBFLOW = NodeType(
    summary="Goes through another flow of the same organization and comes back when it ends. Variables go along "
    "and come back as mapped; a flow cannot call itself.",
    schema=fields.data(
        {
            "targetFlowId": fields.text("The flow, by its id."),
            "targetFlow": fields.text("The flow, by its name."),
            **HANDING,
        }
    ),
    ways={"next": "The other flow has ended."},
    compile=_compile,
    exits=main_exit("next"),
    check=_check,
    sets=returned_names,
    texts=("variable_mapping",),
    speaks=lambda node: False,
)
