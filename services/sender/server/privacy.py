"""What sender keeps of people: erased, exported, expired."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import DecodeError
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.chassis.queue import export_page_of, plain_form, progress_of
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.ports import Erasure, Privacy
from services.sender.server.reading import read_id


class PrivacyServer(sender_pb2_grpc.PrivacyServicer):
    """What sender keeps of people."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    async def EraseContact(
        self, request: sender_pb2.EraseContactRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.EraseContactResponse:
        """Empties messages of what they say and to whom."""
        erasure = Erasure(
            conversation_ids=[read_id("conversation_ids", each) for each in request.conversation_ids],
            wa_ids=list(request.wa_ids),
            user_ids=list(request.user_ids),
            wamid_parts=list(request.wamid_parts),
            erased_at=request.erased_at.ToDatetime(UTC) if request.HasField("erased_at") else datetime.now(UTC),
        )
        cleared = await self._privacy.erase(
            organization_id=read_id("organization_id", request.organization_id),
            job_id=read_id("job_id", request.job_id),
            erasure=erasure,
        )
        return sender_pb2.EraseContactResponse(progress=progress_of(cleared))

    async def ExportContact(
        self, request: sender_pb2.ExportContactRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ExportContactResponse:
        """A page of what is kept."""
        page = await self._privacy.page(
            organization_id=read_id("organization_id", request.organization_id),
            conversation_ids=[read_id("conversation_ids", each) for each in request.conversation_ids],
            names=[*request.wa_ids, *request.user_ids],
            cursor=request.cursor,
        )
        return sender_pb2.ExportContactResponse(page=export_page_of(page, _content))

    async def Expire(
        self, request: sender_pb2.ExpireRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ExpireResponse:
        """Removes a batch of what is old."""
        if not request.HasField("before"):
            raise InvalidArgument("before is not set; give the moment before which things are old")
        cleared = await self._privacy.expire(
            organization_id=read_id("organization_id", request.organization_id),
            job_id=read_id("job_id", request.job_id),
            before=request.before.ToDatetime(UTC),
        )
        return sender_pb2.ExpireResponse(progress=progress_of(cleared))


def _content(_: str, payload: bytes) -> object:
    """A message in plain words; as hexadecimal when it is none."""
    try:
        return plain_form(sender_pb2.OutboundMessage.FromString(payload))
    except DecodeError:
        return {"hex": payload.hex()}
