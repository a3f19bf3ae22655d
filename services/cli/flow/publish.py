"""`pytake flow publish`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import WrongInput, told
from services.cli.flow.house import (
    Data,
    Flows,
    Json,
    Moves,
    Note,
    Organization,
    Policy,
    PolicyOption,
    finding_line,
    migration_line,
    policy_number,
    print_json,
    read_moves,
    with_flows,
)
from services.embedded.state import DEFAULT_DATA

if TYPE_CHECKING:
    from services.pb.executor.v1 import executor_pb2


def publish(
    what: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A flow file, or the name of a flow with a draft.")],
    organization: Organization = "",
    name: Annotated[str, typer.Option(help="For a FILE: the flow's name here; else the document's own.")] = "",
    policy: PolicyOption = Policy.PIN,
    moves: Moves = None,
    note: Note = "",
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Make a flow's draft, or a file, the version in which new conversations begin."""
    with told():
        flow_name, document = _file(what, name) if Path(what).is_file() else (name or what, None)
        node_moves = read_moves(moves)
        answer = with_flows(
            data, organization, lambda flows: _publish(flows, flow_name, document, policy, node_moves, note)
        )
    if as_json:
        print_json(answer)
        return
    for finding in answer.findings:
        typer.echo(finding_line(finding), err=True)
    typer.echo(f"{flow_name}: version {answer.version} is published" + ("" if answer.is_changed else ", as before"))
    if answer.HasField("migration"):
        typer.echo(migration_line(answer.migration))


def _file(what: str, name: str) -> tuple[str, bytes]:
    from services.cli.flow.reading import imported

    file = Path(what)
    flow_name = name or str(imported(file).flow.get("name") or "")
    if not flow_name:
        raise WrongInput(f"{file} has no name; give one with --name")
    return flow_name, file.read_bytes()


async def _publish(
    flows: Flows,
    name: str,
    document: bytes | None,
    policy: Policy,
    moves: list[executor_pb2.NodeMove],
    note: str,
) -> executor_pb2.PublishFlowResponse:
    from services.pb.executor.v1 import executor_pb2

    if document is None:
        flow = await flows.named(name)
        flow_id, digest = flow.flow_id, flow.draft_digest
    else:
        draft = executor_pb2.PutFlowRequest(organization_id=flows.organization_id, name=name, document=document)
        put = await flows.call(flows.stub.PutFlow, draft)
        flow_id, digest = put.flow_id, put.draft_digest
    request = executor_pb2.PublishFlowRequest(
        organization_id=flows.organization_id,
        flow_id=flow_id,
        policy=policy_number(policy),
        moves=moves,
        note=note,
        expected_digest=digest,
    )
    return await flows.call(flows.stub.PublishFlow, request)
