"""What analytics keeps of people."""

from __future__ import annotations

from datetime import UTC

from grpc import aio

from services.analytics.server.ids import uuid_of
from services.analytics.usecases import Privacy
from services.chassis.errors import InvalidArgument
from services.chassis.queue import export_page_of, progress_of
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc


class PrivacyServer(analytics_pb2_grpc.PrivacyServicer):
    """What analytics keeps of people."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    async def EraseContact(
        self,
        request: analytics_pb2.EraseContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.EraseContactResponse:
        """Removes records, some days at a time."""
        cleared = await self._privacy.erase(
            organization_id=uuid_of("organization_id", request.organization_id),
            job_id=uuid_of("job_id", request.job_id),
            conversation_ids=[uuid_of("conversation_ids", each) for each in request.conversation_ids],
            since=request.since.ToDatetime(UTC),
            cursor=request.cursor,
        )
        return analytics_pb2.EraseContactResponse(progress=progress_of(cleared))

    async def ExportContact(
        self,
        request: analytics_pb2.ExportContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.ExportContactResponse:
        """Records by time, page by page."""
        page = await self._privacy.page(
            organization_id=uuid_of("organization_id", request.organization_id),
            conversation_ids=[uuid_of("conversation_ids", each) for each in request.conversation_ids],
            since=request.since.ToDatetime(UTC),
            cursor=request.cursor,
        )
        return analytics_pb2.ExportContactResponse(page=export_page_of(page, lambda _, payload: payload.hex()))

    async def Expire(
        self,
        request: analytics_pb2.ExpireRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.ExpireResponse:
        """Removes a batch of old records."""
        if not request.HasField("before"):
            raise InvalidArgument("before is not set; give the moment before which things are old")
        cleared = await self._privacy.expire(
            organization_id=uuid_of("organization_id", request.organization_id),
            job_id=uuid_of("job_id", request.job_id),
            before=request.before.ToDatetime(UTC),
        )
        return analytics_pb2.ExpireResponse(progress=progress_of(cleared))
