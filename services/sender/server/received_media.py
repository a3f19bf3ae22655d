"""sender.v1.ReceivedMedia: contacts' files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid5

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.pages import page_of, place_at, read_place_at
from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.domain.media import kind_of, media_type
from services.sender.ports.media import Arrived, Received
from services.sender.server.delivery import batch
from services.sender.server.reading import read_id, read_text
from services.sender.usecases.received_media import KeepReceived

_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)


class ReceivedMediaServer(sender_pb2_grpc.ReceivedMediaServicer):
    """Contacts' files."""

    def __init__(self, received: KeepReceived) -> None:
        self._received = received

    async def Fetch(
        self, request: sender_pb2.FetchReceivedMediaRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.FetchReceivedMediaResponse:
        """Takes files that came; a repeat, or one that nobody wants, is taken like any other."""

        async def add(arrived: Sequence[Arrived]) -> list[results_pb2.ItemResult]:
            return [_OK for _ in await self._received.add(arrived)]

        return sender_pb2.FetchReceivedMediaResponse(results=await batch(request.media, _read, add))

    async def List(
        self, request: sender_pb2.ListReceivedMediaRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ListReceivedMediaResponse:
        """Lists the files of a conversation."""
        found, limit = await self._received.list(
            organization_id=read_id("organization_id", request.organization_id),
            lane_id=read_id("conversation_id", request.conversation_id),
            limit=request.limit,
            before=read_place_at(request.cursor),
        )
        files, cursor = page_of(found, _file, lambda file: place_at(file.received_at, file.arrived.media_id), limit)
        return sender_pb2.ListReceivedMediaResponse(files=files, cursor=cursor)

    async def PutPolicy(
        self, request: sender_pb2.PutMediaPolicyRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.PutMediaPolicyResponse:
        """Says which files are fetched from now on."""
        is_changed = await self._received.put_policy(
            organization_id=read_id("organization_id", request.organization_id),
            is_on=request.is_on,
            max_bytes=request.max_bytes,
            kinds=list(request.kinds),
        )
        return sender_pb2.PutMediaPolicyResponse(is_changed=is_changed)


def _read(media: sender_pb2.ArrivedMedia) -> Arrived:
    kind = kind_of("audio" if media.kind == "voice" else media.kind)
    if kind is None:
        raise InvalidArgument(f"kind is {media.kind[:50]!r}, which is no file")
    if not media.meta_media_id.isascii() or not media.meta_media_id.isalnum():
        raise InvalidArgument("meta_media_id is not an id of Meta")
    organization_id = read_id("organization_id", media.organization_id)
    return Arrived(
        organization_id=organization_id,
        media_id=uuid5(organization_id, media.event_id),
        lane_id=read_id("conversation_id", media.conversation_id),
        phone_number_id=read_text("phone_number_id", media.phone_number_id),
        meta_id=read_text("meta_media_id", media.meta_media_id),
        kind=kind,
        mime_type=media_type(read_text("mime_type", media.mime_type)),
        announced_sha256=read_text("sha256", media.sha256),
    )


def _file(received: Received) -> sender_pb2.ReceivedFile:
    arrived, received_at = received.arrived, Timestamp()
    received_at.FromDatetime(received.received_at)
    return sender_pb2.ReceivedFile(
        media_id=str(arrived.media_id),
        conversation_id=str(arrived.lane_id),
        kind=arrived.kind,
        mime_type=arrived.mime_type,
        state=received.state,
        reason=received.reason,
        size=received.size,
        sha256=received.sha256,
        received_at=received_at,
    )
