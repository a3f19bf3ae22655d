"""`pytake flow rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import told
from services.cli.flow.house import (
    Data,
    Flows,
    Json,
    Moves,
    Note,
    Organization,
    Policy,
    PolicyOption,
    migration_line,
    policy_number,
    print_json,
    read_moves,
    with_flows,
)
from services.embedded.state import DEFAULT_DATA

if TYPE_CHECKING:
    from services.pb.executor.v1 import executor_pb2


def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The flow.")],
    version: Annotated[int, typer.Argument(min=1, metavar="VERSION", help="The version to go back to.")],
    organization: Organization = "",
    policy: PolicyOption = Policy.PIN,
    moves: Moves = None,
    note: Note = "",
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Publish an old version's document again, as a new version."""
    with told():
        node_moves = read_moves(moves)

        async def work(flows: Flows) -> executor_pb2.RollbackFlowResponse:
            from services.pb.executor.v1 import executor_pb2

            request = executor_pb2.RollbackFlowRequest(
                organization_id=flows.organization_id,
                flow_id=(await flows.named(name)).flow_id,
                version=version,
                policy=policy_number(policy),
                moves=node_moves,
                note=note,
            )
            return await flows.call(flows.stub.RollbackFlow, request)

        answer = with_flows(data, organization, work)
    if as_json:
        print_json(answer)
        return
    if not answer.is_changed:
        typer.echo(f"{name}: version {answer.version} is published and has this document, as before")
    else:
        draft = "the draft, too" if answer.is_draft_changed else "the draft has changes of its own and stays"
        typer.echo(f"{name}: version {answer.version} is published and is version {version} again; {draft}")
    if answer.HasField("migration"):
        typer.echo(migration_line(answer.migration))
