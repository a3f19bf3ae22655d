"""`pytake flow impact`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import told
from services.cli.flow.house import Data, Flows, Json, Organization, print_json, with_flows
from services.embedded.state import DEFAULT_DATA

if TYPE_CHECKING:
    from services.pb.executor.v1 import executor_pb2


def impact(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The flow.")],
    organization: Organization = "",
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Tell how many people stand on which node, and what publishing the draft would make of it."""
    with told():

        async def work(flows: Flows) -> executor_pb2.GetPublishImpactResponse:
            from services.pb.executor.v1 import executor_pb2

            flow_id = (await flows.named(name)).flow_id
            request = executor_pb2.GetPublishImpactRequest(organization_id=flows.organization_id, flow_id=flow_id)
            return await flows.call(flows.stub.GetPublishImpact, request)

        answer = with_flows(data, organization, work)
    if as_json:
        print_json(answer)
        return
    for line in _lines(answer):
        typer.echo(line)


def _lines(answer: executor_pb2.GetPublishImpactResponse) -> list[str]:
    lines = [_line(each) for each in answer.nodes]
    lines.append(
        f"{_people(answer.people)} in the flow: {answer.people_on_changed_nodes} on nodes that change, "
        f"{answer.people_on_gone_nodes} on nodes that go"
    )
    if answer.unmapped_node_ids:
        lines.append(f"`--policy move` needs a --map for: {', '.join(answer.unmapped_node_ids)}")
    return lines


def _line(each: executor_pb2.NodePeople) -> str:
    from services.pb.executor.v1 import executor_pb2

    fate = executor_pb2.NodeFate.Name(each.fate).removeprefix("NODE_FATE_").lower()
    place = f"{each.node_id} ({each.node_type or 'unknown'})" if each.node_id else "before the start"
    return f"version {each.version}: {_people(each.people)} at {place}, which {fate}"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
