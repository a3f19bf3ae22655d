"""`pytake flow versions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import told
from services.cli.flow.house import Data, Flows, Json, Organization, migration_line, print_json, with_flows
from services.embedded.state import DEFAULT_DATA

if TYPE_CHECKING:
    from services.pb.executor.v1 import executor_pb2


def versions(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The flow.")],
    organization: Organization = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most this many.")] = 50,
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """List a flow's versions, newest first: who published each, when, why, and how people are taken along to it."""
    with told():

        async def work(flows: Flows) -> executor_pb2.ListVersionsResponse:
            from services.pb.executor.v1 import executor_pb2

            flow_id = (await flows.named(name)).flow_id
            request = executor_pb2.ListVersionsRequest(
                organization_id=flows.organization_id, flow_id=flow_id, limit=limit
            )
            return await flows.call(flows.stub.ListVersions, request)

        answer = with_flows(data, organization, work)
    if as_json:
        print_json(answer)
        return
    for version in answer.versions:
        typer.echo(_line(version))
    typer.echo(f"{answer.total} versions" if answer.total != 1 else "1 version")


def _line(version: executor_pb2.Version) -> str:
    told_of = [
        f"{version.version:>4}",
        version.published_at.ToJsonString(),
        version.author or "-",
        "published" if version.is_published else "",
        f"is {version.rollback_of} again" if version.rollback_of else "",
        migration_line(version.migration) if version.HasField("migration") else "",
        version.note,
    ]
    return "  ".join(part for part in told_of if part)
