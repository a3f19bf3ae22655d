"""Flows of a running house, as the commands that need one find them and write about them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.ending import Failed, WrongInput
from services.embedded.state import State

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from services.cli.rooms import Rooms
    from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc

Result = TypeVar("Result")

Organization = Annotated[str, typer.Option(help="Name of the organization; not needed when there is only one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Data = Annotated[Path, typer.Option(help="The house's data folder.")]
Note = Annotated[str, typer.Option(help="What the version is about.")]
Moves = Annotated[
    Path | None,
    typer.Option(
        "--map", metavar="FILE", help="JSON or YAML for `move`: node of older versions → node of the new one."
    ),
]


class Policy(StrEnum):
    """What becomes of people who are in older versions."""

    PIN = "pin"
    MOVE = "move"
    RESTART = "restart"


PolicyOption = Annotated[
    Policy,
    typer.Option(
        "--policy",
        help="People in older versions stay there (pin), go on in the new one (move), or begin it at its start with "
        "their next message (restart).",
    ),
]


class Flows:
    """The flows of one organization of a house."""

    def __init__(self, rooms: Rooms, organization_id: str) -> None:
        from services.pb.executor.v1 import executor_pb2_grpc

        self.organization_id = organization_id
        self.stub: executor_pb2_grpc.FlowServiceAsyncStub = rooms.peer("executor").stub(
            executor_pb2_grpc.FlowServiceStub
        )
        self._rooms = rooms

    async def call(self, method: Callable[..., Awaitable[Result]], request: object) -> Result:
        """Call executor. Raises the PytakeError that it raised."""
        return await self._rooms.call("executor", method, request)

    async def all(self) -> Sequence[executor_pb2.Flow]:
        """The flows by name."""
        from services.pb.executor.v1 import executor_pb2

        request = executor_pb2.ListFlowsRequest(organization_id=self.organization_id)
        return (await self.call(self.stub.ListFlows, request)).flows

    async def named(self, name: str) -> executor_pb2.Flow:
        """The flow with this name. Raises Failed, naming those there are."""
        flows = await self.all()
        found = next((flow for flow in flows if flow.name == name), None)
        if found is None:
            existing = ", ".join(flow.name for flow in flows) or "none yet"
            raise Failed(f"no flow is called {name!r} (there is: {existing})")
        return found


def with_flows(data: Path, organization: str, work: Callable[[Flows], Awaitable[Result]]) -> Result:
    """Do some work with the flows of an organization. Raises HouseError (none runs), WrongInput or Failed."""
    from services.cli.rooms import talk

    async def working(rooms: Rooms, _: State) -> Result:
        return await work(Flows(rooms, await _organization_id(rooms, organization)))

    return talk(data, working)


async def _organization_id(rooms: Rooms, name: str) -> str:
    if name:
        return await rooms.organization_id(name)
    found = await rooms.organizations()
    if len(found) != 1:
        names = ", ".join(each.name for each in found) or "none yet: `pytake apply` makes one"
        raise WrongInput(f"say which organization is meant with --organization (there is: {names})")
    return found[0].organization_id


def policy_number(policy: Policy) -> executor_pb2.PublishPolicy.ValueType:
    """The policy as the contract names it."""
    from services.pb.executor.v1 import executor_pb2

    return executor_pb2.PublishPolicy.Value(f"PUBLISH_POLICY_{policy.name}")


def read_moves(file: Path | None) -> list[executor_pb2.NodeMove]:
    """The moves in a file; none without one. Raises WrongInput."""
    from services.cli.apply.reading import load_file
    from services.pb.executor.v1 import executor_pb2

    if file is None:
        return []
    try:
        value = load_file(file)
    except ValueError as error:
        raise WrongInput(f"--map {file}: {error}") from None
    if not isinstance(value, dict) or not all(isinstance(each, str) for pair in value.items() for each in pair):
        raise WrongInput(f"--map {file} must be an object of node ids: the old one, and the new one as its value")
    return [executor_pb2.NodeMove(from_node_id=one, to_node_id=other) for one, other in value.items()]


def print_json(message: Message) -> None:
    """Print an answer as JSON, with every field."""
    from google.protobuf.json_format import MessageToDict

    fields = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    typer.echo(json.dumps(fields, ensure_ascii=False, indent=2))


def migration_line(migration: executor_pb2.Migration) -> str:
    """How far people have been taken along."""
    from services.pb.executor.v1 import executor_pb2

    word = executor_pb2.PublishPolicy.Name(migration.policy).removeprefix("PUBLISH_POLICY_").lower()
    return f"{word}: {migration.people_moved} taken along, {migration.people_left} left"


def finding_line(finding: executor_pb2.Finding) -> str:
    """A finding in one line."""
    node = f" node {finding.node_id}:" if finding.node_id else ""
    return f"{finding.severity}{node} {finding.message} {finding.mend}".rstrip()
