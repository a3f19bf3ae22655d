"""location_request: asks for the contact's location and stores {latitude, longitude, name, address}."""

from collections.abc import Iterator

from services.executor.domain.answers import judge_location
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding
from services.executor.domain.json_value import text_at
from services.executor.domain.nodes import asking, fields, menu
from services.executor.domain.nodes.node_type import NodeType, Plan, require_text, template_at
from services.executor.domain.says import SendLocationRequest
from services.executor.domain.turn import Turn, Waiting


def _compile(node: Node, plan: Plan) -> Waiting:
    body = menu.filled(template_at(node, "content"), menu.MAX_BODY)

    def ask(turn: Turn) -> None:
        turn.send(SendLocationRequest(node.id, body(turn)))

    return asking.await_thing(node, ask, judge_location)


def _check(node: Node) -> Iterator[Finding]:
    yield from require_text(node)
    yield from asking.check_asking(node)


LOCATION_REQUEST = NodeType(
    summary="Sends a text with a button that shares the contact's location, waits for it, and stores it as an "
    "object of latitude, longitude, name and address.",
    schema=fields.data({"content": menu.FRAME["content"], **asking.FIELDS}, ("content",)),
    ways=asking.WAYS,
    compile=_compile,
    exits=lambda node: asking.EXITS,
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),),
    texts=asking.TEXTS,
    waits=menu.always_waits,
)
