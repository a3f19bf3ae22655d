"""`pytake flow diff`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from services.cli.ending import WrongInput, told
from services.cli.flow.house import Data, Flows, Json, Organization, print_json, with_flows
from services.embedded.state import DEFAULT_DATA

if TYPE_CHECKING:
    from services.executor.domain.diff import Difference
    from services.executor.domain.document import FlowDocument
    from services.pb.executor.v1 import executor_pb2


class _Field(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...


def diff(
    first: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A flow of the house, or a flow file.")],
    second: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The file to compare the first with.")] = None,
    organization: Organization = "",
    before: Annotated[int, typer.Option("--from", min=0, help="A version; else the published one.")] = 0,
    after: Annotated[int, typer.Option("--to", min=0, help="A version; else the draft.")] = 0,
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Tell how two versions of a flow differ, or two files, for which no house need run."""
    with told():
        if second is not None:
            found = _of_files(Path(first), second)
            lines = list(_lines(found))
            as_text = json.dumps(asdict(found), ensure_ascii=False, indent=2)
            typer.echo(as_text if as_json else "\n".join(lines))
            return
        answer = with_flows(data, organization, lambda flows: _of_versions(flows, first, before, after))
    if as_json:
        print_json(answer)
        return
    typer.echo("\n".join(_lines(answer)))


def _of_files(first: Path, second: Path) -> Difference:
    from services.executor.domain.diff import difference_of

    return difference_of(_document(first), _document(second))


def _document(file: Path) -> FlowDocument:
    from services.cli.flow.reading import imported
    from services.executor.domain.document import parse_document
    from services.executor.domain.finding import InvalidFlow

    try:
        return parse_document(imported(file).flow)
    except InvalidFlow as invalid:
        raise WrongInput("\n".join(f"{file}: {one.message} {one.mend}" for one in invalid.findings)) from None


async def _of_versions(flows: Flows, name: str, before: int, after: int) -> executor_pb2.DiffVersionsResponse:
    from services.pb.executor.v1 import executor_pb2

    request = executor_pb2.DiffVersionsRequest(
        organization_id=flows.organization_id,
        flow_id=(await flows.named(name)).flow_id,
        from_version=before,
        to_version=after,
    )
    return await flows.call(flows.stub.DiffVersions, request)


def _lines(found: Difference | executor_pb2.DiffVersionsResponse) -> Iterator[str]:
    """What changed, a line each; or that nothing did."""
    lines = [
        *(f"+ node {node.node_id} ({node.node_type})" for node in found.added_nodes),
        *(f"- node {node.node_id} ({node.node_type})" for node in found.removed_nodes),
        *(line for node in found.changed_nodes for line in _fields(f"node {node.node_id}: ", node.fields)),
        *(f"+ edge {edge.source} → {edge.target}{_way(edge.handle, edge.label)}" for edge in found.added_edges),
        *(f"- edge {edge.source} → {edge.target}{_way(edge.handle, edge.label)}" for edge in found.removed_edges),
        *_fields("", found.settings),
        *_fields("", found.variables),
        *_fields("", found.others),
    ]
    yield from lines or ["nothing differs"]
    if found.is_cut:
        yield "and more: compare the documents themselves"


def _fields(prefix: str, fields: Iterable[_Field]) -> Iterator[str]:
    for field in fields:
        yield f"~ {prefix}{field.path}: {field.before or 'nothing'} → {field.after or 'nothing'}"


def _way(handle: str, label: str) -> str:
    name = handle or label
    return f" ({name})" if name else ""
