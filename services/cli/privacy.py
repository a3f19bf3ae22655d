"""`pytake privacy`: what is kept about somebody, its erasure, and how long things are kept at all."""

import asyncio
import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from services.cli.ending import told
from services.cli.output import opened
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.cli.rooms import Rooms
    from services.pb.ingress.v1 import ingress_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

_BETWEEN_SECONDS = 0.5

Organization = Annotated[str, typer.Option(help="Name of the organization.")]
Phone = Annotated[str, typer.Option(help="Phone number with the country code, or business-scoped user id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Data = Annotated[Path, typer.Option(help="The house's data folder.")]


@app.callback()
def privacy() -> None:
    """Export or erase what is kept about somebody, and say how long an organization keeps things."""


@app.command(help="Write everything all services keep about a contact, one JSON object a line.")
def export(
    organization: Organization,
    phone: Phone,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Else standard output.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    with told(), opened(out) as file:
        _export(organization, phone, file, data)


@app.command(help="Erase a contact in all services; the work goes on by itself, whatever stops in between.")
def erase(
    organization: Organization,
    phone: Phone,
    wait: Annotated[bool, typer.Option("--wait", help="Until it is done.")] = False,
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        _show([_erase(organization, phone, data, wait=wait)], as_json=as_json)


@app.command(help="Show what erasures, exports and retention runs came to, newest first.")
def report(
    organization: Organization,
    job: Annotated[str, typer.Option(metavar="ID", help="Only this one.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 20,
    as_json: Json = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        _show(_jobs(organization, job, limit, data), as_json=as_json)


@app.command(help="Set how many days an organization keeps what people wrote.")
def retention(
    organization: Organization,
    days: Annotated[int, typer.Option(min=0, help="At least 9; 0 keeps things for good.")],
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        is_changed = _put_retention(organization, days, data)
    kept = f"for {days} days" if days else "for good"
    typer.echo(f"{organization} keeps things {kept}" + ("" if is_changed else ", as before"))


def _export(organization: str, phone: str, file: IO[bytes], data: Path) -> None:
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> None:
        request = ingress_pb2.ExportContactRequest(
            organization_id=await rooms.organization_id(organization), contact=phone
        )
        stub = rooms.peer("ingress").stub(ingress_pb2_grpc.PrivacyStub)
        while True:
            page = await rooms.call("ingress", stub.ExportContact, request)
            file.write(b"".join(page.lines))
            if not page.cursor:
                return
            request.cursor = page.cursor

    talk(data, work)


def _erase(organization: str, phone: str, data: Path, *, wait: bool) -> "ingress_pb2.PrivacyJob":
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> ingress_pb2.PrivacyJob:
        organization_id = await rooms.organization_id(organization)
        stub = rooms.peer("ingress").stub(ingress_pb2_grpc.PrivacyStub)
        wanted = ingress_pb2.RequestErasureRequest(organization_id=organization_id, contact=phone)
        job = (await rooms.call("ingress", stub.RequestErasure, wanted)).job
        asked = ingress_pb2.GetPrivacyJobRequest(organization_id=organization_id, job_id=job.job_id)
        while wait and job.state != "done":
            await asyncio.sleep(_BETWEEN_SECONDS)
            job = (await rooms.call("ingress", stub.GetPrivacyJob, asked)).job
        return job

    return talk(data, work)


def _jobs(organization: str, job_id: str, limit: int, data: Path) -> "list[ingress_pb2.PrivacyJob]":
    from services.cli.rooms import talk
    from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> list[ingress_pb2.PrivacyJob]:
        organization_id = await rooms.organization_id(organization)
        stub = rooms.peer("ingress").stub(ingress_pb2_grpc.PrivacyStub)
        if job_id:
            one = ingress_pb2.GetPrivacyJobRequest(organization_id=organization_id, job_id=job_id)
            return [(await rooms.call("ingress", stub.GetPrivacyJob, one)).job]
        listed = ingress_pb2.ListPrivacyJobsRequest(organization_id=organization_id, limit=limit)
        return list((await rooms.call("ingress", stub.ListPrivacyJobs, listed)).jobs)

    return talk(data, work)


def _put_retention(organization: str, days: int, data: Path) -> bool:
    from services.cli.rooms import talk
    from services.pb.router.v1 import router_pb2, router_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> bool:
        organization_id = await rooms.organization_id(organization)
        stub = rooms.peer("router").stub(router_pb2_grpc.PrivacyStub)
        request = router_pb2.PutRetentionRequest(organization_id=organization_id, days=days)
        return (await rooms.call("router", stub.PutRetention, request)).is_changed

    return talk(data, work)


def _show(jobs: "list[ingress_pb2.PrivacyJob]", *, as_json: bool) -> None:
    for job in jobs:
        typer.echo(json.dumps(_as_json(job)) if as_json else _lines(job))


def _as_json(job: "ingress_pb2.PrivacyJob") -> dict[str, object]:
    finished_at = job.finished_at.ToJsonString() if job.HasField("finished_at") else None
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state,
        "requested_by": job.requested_by,
        "requested_at": job.requested_at.ToJsonString(),
        "finished_at": finished_at,
        "report": json.loads(job.report_json),
    }


def _lines(job: "ingress_pb2.PrivacyJob") -> str:
    """A job for people: what it is, and its rows by table."""
    found = json.loads(job.report_json)
    ended = f", done {job.finished_at.ToJsonString()}" if job.state == "done" else ""
    waits = f", waits for {found['waiting_for']}" if found["waiting_for"] else ""
    lines = [f"{job.kind} {job.job_id}: {job.state}, asked for {job.requested_at.ToJsonString()}{ended}{waits}"]
    for room, tables in found["rows"].items():
        lines += [f"  {room:<10} {table}: {count}" for table, count in tables.items()]
    return "\n".join(lines)
