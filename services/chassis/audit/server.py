"""The Audit service every room serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from grpc import aio

from services.chassis.audit.chain import START, AuditRecord, Link, Verdict
from services.chassis.audit.log import MOST_AT_ONCE
from services.chassis.errors import InvalidArgument
from services.chassis.rpc import Servicer
from services.chassis.rpc.pages import page_of, read_place
from services.pb.common.v1 import audit_pb2, audit_pb2_grpc

Context: TypeAlias = aio.ServicerContext[Any, Any]

MOST_LISTED = 1000


class Chains(Protocol):
    """The log of one room (AuditLog)."""

    room: str

    async def read(self, *, organization_id: UUID, limit: int, before: int) -> Sequence[AuditRecord]:
        """Entries of one chain, newest first; only those numbered less than `before` unless it is 0."""

    async def verify(self, *, organization_id: UUID, after: Link, limit: int) -> Verdict:
        """How far the chain holds that should follow `after`; looks at `limit` entries at most."""


class AuditServer(audit_pb2_grpc.AuditServicer):
    """Reads and verifies this room's audit log."""

    def __init__(self, log: Chains) -> None:
        self._log = log

    async def ListAuditEvents(
        self, request: audit_pb2.ListAuditEventsRequest, context: Context
    ) -> audit_pb2.ListAuditEventsResponse:
        """Entries of an organization, newest first."""
        organization_id = _organization(request.organization_id)
        limit = _limit(request.limit, usual=100, most=MOST_LISTED)
        place = read_place(request.cursor, int)
        records = await self._log.read(
            organization_id=organization_id,
            limit=limit + 1,
            before=_number("before_seq", int(place[0]) if place else request.before_seq),
        )
        events, cursor = page_of(
            records,
            lambda record: _event(record, self._log.room, organization_id),
            lambda record: (record.seq,),
            limit,
        )
        return audit_pb2.ListAuditEventsResponse(events=events, cursor=cursor)

    async def VerifyAudit(
        self, request: audit_pb2.VerifyAuditRequest, context: Context
    ) -> audit_pb2.VerifyAuditResponse:
        """How far a chain holds."""
        after = _number("after_seq", request.after_seq)
        if after and len(request.after_hash) != len(START.hash):
            raise InvalidArgument(f"after_hash has {len(request.after_hash)} bytes; give the entry's {len(START.hash)}")
        verdict = await self._log.verify(
            organization_id=_organization(request.organization_id),
            after=Link(after, request.after_hash) if after else START,
            limit=_limit(request.limit, usual=MOST_AT_ONCE, most=MOST_AT_ONCE),
        )
        return audit_pb2.VerifyAuditResponse(
            seq=verdict.link.seq,
            hash=verdict.link.hash,
            has_more=verdict.has_more,
            flawed_seq=verdict.flawed_seq,
            flaw=verdict.flaw,
        )


def audit_servicer(log: Chains) -> Servicer:
    """What a room adds to its servicers."""
    return Servicer("pytake.common.v1.Audit", audit_pb2_grpc.add_AuditServicer_to_server, AuditServer(log))


def _event(record: AuditRecord, room: str, organization_id: UUID) -> audit_pb2.AuditEvent:
    event = audit_pb2.AuditEvent(
        room=room,
        organization_id=str(organization_id),
        seq=record.seq,
        actor=record.actor,
        action=record.action,
        object=record.object,
        before_digest=record.before or b"",
        after_digest=record.after or b"",
        entry=record.entry,
        prev_hash=record.prev_hash,
        hash=record.hash,
    )
    event.at.FromJsonString(record.at)
    return event


def _organization(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument("organization_id is no UUID") from None


def _limit(wanted: int, *, usual: int, most: int) -> int:
    if not 0 <= wanted <= most:
        raise InvalidArgument(f"limit is {wanted}; use 1 to {most}, or 0 for {usual}")
    return wanted or usual


def _number(field: str, wanted: int) -> int:
    if wanted < 0:
        raise InvalidArgument(f"{field} is {wanted}; use 0 or more")
    return wanted
