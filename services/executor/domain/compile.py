"""From a published document to closures and tables, once per version."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.exits import Exits
from services.executor.domain.finding import InvalidFlow
from services.executor.domain.flow_settings import FlowSettings, read_settings
from services.executor.domain.json_value import Json, object_at, text_at
from services.executor.domain.lint import problems
from services.executor.domain.nodes import NODE_TYPES
from services.executor.domain.nodes.node_type import Plan
from services.executor.domain.nodes.template import send_template
from services.executor.domain.turn import Behaviour, Closed
from services.executor.domain.variables import is_system_name
from services.executor.domain.wiring import wire


@dataclass(frozen=True, slots=True)
class CompiledNode:
    """A node ready to run."""

    id: str
    behaviour: Behaviour
    exits: Exits
    # What to do when the node would speak and the window is closed; None for a node that says nothing.
    closed: Closed | None = None
    # Whether an edge says what happens when what it said does not arrive.
    catches_failures: bool = False


@dataclass(frozen=True, slots=True)
class CompiledFlow:
    """A flow version ready to run; shared by every conversation pinned to it, never changed."""

    flow_id: str
    version: int
    settings: FlowSettings
    variables: Mapping[str, Json]
    start_id: str
    nodes: Mapping[str, CompiledNode]

    def node(self, node_id: str) -> CompiledNode:
        """The node, or the fallback node when the flow has none of this id."""
        return self.nodes.get(node_id) or self.nodes[self.settings.fallback_node]


def compile_flow(document: FlowDocument, *, flow_id: str = "", version: int = 0) -> CompiledFlow:
    """Compile a flow, or raise InvalidFlow with the errors that refuse its publication."""
    errors = tuple(finding for finding in problems(document) if finding.severity == "error")
    if errors:
        raise InvalidFlow(errors)
    settings, exits = read_settings(document), wire(document)
    return CompiledFlow(
        flow_id=flow_id,
        version=version,
        settings=settings,
        # Exports carry sample values under system names; the system alone says those.
        variables={name: value for name, value in document.variables.items() if not is_system_name(name)},
        start_id=next(node.id for node in document.nodes if node.type == "start"),
        nodes={node.id: _compile_node(node, Plan(settings, exits[node.id], flow_id)) for node in document.nodes},
    )


def _compile_node(node: Node, plan: Plan) -> CompiledNode:
    node_type, exits = NODE_TYPES[node.type], plan.exits
    if not node_type.speaks(node):
        return CompiledNode(node.id, node_type.compile(node, plan), exits)
    closed = _closed(node, plan) if node_type.needs_window else None
    return CompiledNode(node.id, node_type.compile(node, plan), exits, closed, exits.catches_failures)


def _closed(node: Node, plan: Plan) -> Closed:
    """The node's own policy, or the flow's; an edge for it is policy enough."""
    policy = text_at(node.data, "onWindowClosed") or plan.settings.on_window_closed or "branch"
    template = object_at(node.data, "windowTemplate")
    if policy == "template" and text_at(template, "templateName").strip():
        return Closed("template", send_template(node.id, template, plan.settings.language))
    has_edge = plan.exits.named("window_closed") is not None
    return Closed("branch" if policy != "wait" and has_edge else "wait")
