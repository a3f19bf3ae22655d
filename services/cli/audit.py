"""`pytake audit`: who changed what, and whether anybody changed that."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import Failed, WrongInput, told
from services.embedded.keys import ROOMS
from services.embedded.state import DEFAULT_DATA, State

if TYPE_CHECKING:
    from services.chassis.audit import Link, Verdict
    from services.cli.rooms import Rooms
    from services.pb.common.v1 import audit_pb2

app = typer.Typer(add_completion=False, no_args_is_help=True)

HOUSE_NAME = "(the house)"
"""What concerns no organization."""
MOST_AT_ONCE = 10_000

Data = Annotated[Path, typer.Option(help="The house's data folder.")]
Place = tuple[str, str]
"""A chain: room and organization_id."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Whose changes, made by which room."""

    room: str
    organization_id: str
    organization: str

    @property
    def place(self) -> Place:
        """What tells it from the others."""
        return self.room, self.organization_id


@app.callback()
def audit() -> None:
    """List who changed what, and check that nobody changed that."""


@app.command("list", help="List changes, newest first: who made them, when, and to what.")
def list_(
    organization: Annotated[str, typer.Option(help="Only of the organization with this name.")] = "",
    room: Annotated[str, typer.Option(help="Only those this room made, such as router.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each change.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        for chain, event in _events(data, organization, _chosen(room), limit):
            typer.echo(json.dumps(_as_json(chain, event), ensure_ascii=False) if as_json else _line(chain, event))


@app.command(
    help="Compute every chain again and tell its last hash; exit status 1 when one does not hold. What was cut off a "
    "chain's end is found only by who kept a last hash: --expect compares with what --json printed before."
)
def verify(
    organization: Annotated[str, typer.Option(help="Only the chains of the organization with this name.")] = "",
    expect: Annotated[Path | None, typer.Option(help="A file with the lines that an earlier --json printed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each chain with entries.")] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    with told():
        kept = read_kept(expect) if expect else {}
        found = _verdicts(data, organization, kept)
        for chain, verdict in found:
            typer.echo(json.dumps(_as_head(chain, verdict), ensure_ascii=False) if as_json else _head(chain, verdict))
        flaws = [_flaw(chain, verdict) for chain, verdict in found if verdict.flaw]
        if flaws:
            raise Failed("\n".join(flaws))
        if not as_json:
            entries = sum(verdict.link.seq for _, verdict in found)
            typer.echo(f"{entries} entries in {len(found)} chains; every chain holds")


def read_kept(path: Path) -> "dict[Place, Link]":
    """The last hashes of an earlier `verify --json`. Raises WrongInput."""
    from services.chassis.audit import Link

    kept: dict[Place, Link] = {}
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongInput(f"--expect {path} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            told_line = json.loads(line)
            place = str(told_line["room"]), str(told_line["organization_id"])
            kept[place] = Link(int(told_line["seq"]), bytes.fromhex(told_line["hash"]))
        except (ValueError, KeyError, TypeError):
            raise WrongInput(f"{path}:{number} is no line of `pytake audit verify --json`") from None
        if place[0] not in ROOMS:
            raise WrongInput(f"{path}:{number} names the room {place[0]!r}; there are {', '.join(ROOMS)}")
    return kept


def _chosen(room: str) -> Sequence[str]:
    if room and room not in ROOMS:
        raise WrongInput(f"--room {room} does not exist; use one of {', '.join(ROOMS)}")
    return (room,) if room else ROOMS


def _events(
    data: Path, organization: str, chosen: Sequence[str], limit: int
) -> "list[tuple[Chain, audit_pb2.AuditEvent]]":
    from services.cli.rooms import for_each, talk
    from services.pb.common.v1 import audit_pb2, audit_pb2_grpc

    async def work(rooms: "Rooms", _: State) -> "list[tuple[Chain, audit_pb2.AuditEvent]]":
        newest: list[tuple[Chain, audit_pb2.AuditEvent]] = []

        async def look(chain: Chain) -> None:
            stub = rooms.peer(chain.room).stub(audit_pb2_grpc.AuditStub)
            request = audit_pb2.ListAuditEventsRequest(organization_id=chain.organization_id, limit=limit)
            response = await rooms.call(chain.room, stub.ListAuditEvents, request)
            if response.events:
                # No more than asked for is kept, however many organizations there are.
                newest[:] = nlargest(limit, [*newest, *((chain, event) for event in response.events)], key=_age)

        await for_each(await _chains(rooms, organization, chosen), look)
        return newest

    return talk(data, work)


def _verdicts(data: Path, organization: str, kept: "Mapping[Place, Link]") -> "list[tuple[Chain, Verdict]]":
    """Of every chain that has entries, or should have some."""
    from services.cli.rooms import for_each, talk

    async def work(rooms: "Rooms", _: State) -> "list[tuple[Chain, Verdict]]":
        chains = await _chains(rooms, organization, ROOMS)
        known = {chain.place for chain in chains}
        # Whoever removes an organization does not remove what is known of its changes.
        chains += [Chain(*place, "?") for place in kept if place not in known and not organization]
        verdicts = await for_each(chains, lambda chain: _walk(rooms, chain, kept.get(chain.place)))
        found = zip(chains, verdicts, strict=True)
        return [(chain, verdict) for chain, verdict in found if verdict.link.seq or verdict.flaw]

    return talk(data, work)


async def _chains(rooms: "Rooms", organization: str, chosen: Sequence[str]) -> list[Chain]:
    from services.chassis.audit import HOUSE

    if organization:
        named = {await rooms.organization_id(organization): organization}
    else:
        named = {str(HOUSE): HOUSE_NAME} | {each.organization_id: each.name for each in await rooms.organizations()}
    return [Chain(room, organization_id, name) for organization_id, name in named.items() for room in chosen]


async def _walk(rooms: "Rooms", chain: Chain, kept: "Link | None") -> "Verdict":
    """The verdict on a whole chain, which must also have what was kept of it."""
    from services.chassis.audit import START, Link, Verdict
    from services.pb.common.v1 import audit_pb2, audit_pb2_grpc

    stub = rooms.peer(chain.room).stub(audit_pb2_grpc.AuditStub)
    link, has_more = START, True
    while has_more:
        # A walk that stops at the entry that was kept sees the hash it has now.
        limit = min(kept.seq - link.seq, MOST_AT_ONCE) if kept and link.seq < kept.seq else MOST_AT_ONCE
        request = audit_pb2.VerifyAuditRequest(
            organization_id=chain.organization_id, after_seq=link.seq, after_hash=link.hash, limit=limit
        )
        answer = await rooms.call(chain.room, stub.VerifyAudit, request)
        link, has_more = Link(answer.seq, answer.hash), answer.has_more
        if answer.flaw:
            return Verdict(link, flawed_seq=answer.flawed_seq, flaw=answer.flaw)
        if kept and link.seq == kept.seq and link.hash != kept.hash:
            return Verdict(link, flawed_seq=link.seq, flaw="its hash is not the one that was kept")
    if kept and link.seq < kept.seq:
        return Verdict(link, flawed_seq=link.seq + 1, flaw=f"the end was cut off: entry {kept.seq} was there once")
    return Verdict(link)


def _age(pair: "tuple[Chain, audit_pb2.AuditEvent]") -> tuple[int, int]:
    """What grows with time; entries of one chain and moment by their numbers."""
    return pair[1].at.ToNanoseconds(), pair[1].seq


def _line(chain: Chain, event: "audit_pb2.AuditEvent") -> str:
    at = event.at.ToJsonString()
    return f"{at}  {chain.organization}  {chain.room} {event.seq}  {event.actor}  {event.action}  {event.object}"


def _as_json(chain: Chain, event: "audit_pb2.AuditEvent") -> dict[str, object]:
    names = ("room", "organization_id", "seq", "actor", "action", "object", "entry")
    digests = ("before_digest", "after_digest", "prev_hash", "hash")
    return (
        {name: getattr(event, name) for name in names}
        | {name: getattr(event, name).hex() or None for name in digests}
        | {"organization": chain.organization, "at": event.at.ToJsonString()}
    )


def _head(chain: Chain, verdict: "Verdict") -> str:
    link = verdict.link
    return f"{chain.room:<10} {chain.organization}: {link.seq} entries, last hash {link.hash.hex()}"


def _as_head(chain: Chain, verdict: "Verdict") -> dict[str, object]:
    return {
        "room": chain.room,
        "organization_id": chain.organization_id,
        "organization": chain.organization,
        "seq": verdict.link.seq,
        "hash": verdict.link.hash.hex(),
        "flawed_seq": verdict.flawed_seq or None,
        "flaw": verdict.flaw or None,
    }


def _flaw(chain: Chain, verdict: "Verdict") -> str:
    place = f"{chain.room}, organization {chain.organization} ({chain.organization_id})"
    return f"{place}: entry {verdict.flawed_seq}: {verdict.flaw}"
