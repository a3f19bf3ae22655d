"""sender's files in memory, for the command line."""

# ruff: noqa: N802  (gRPC methods are named as in the proto)

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from services.chassis.errors import InvalidArgument, NotFound
from services.chassis.rpc import Servicer
from services.pb.common.v1 import errors_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc


class FakeMedia(sender_pb2_grpc.MediaServicer):
    """Takes pieces in order, and gives them back one by one."""

    def __init__(self, values: dict[tuple[str, ...], Any]) -> None:
        self.values = values

    async def UploadMedia(self, request: Any, context: Any) -> sender_pb2.UploadMediaResponse:
        if request.mime_type == "text/html":
            raise InvalidArgument("mime_type is 'text/html', which is no image; use one of image/jpeg, image/png")
        key = request.organization_id, "media", request.media_id
        _, pieces = self.values.get(key, (None, []))
        pieces = [*pieces, request.content]
        content = b"".join(pieces)
        file = sender_pb2.MediaFile(
            media_id=request.media_id, kind=request.kind, mime_type=request.mime_type, size=len(content),
            sha256=hashlib.sha256(content).digest(),
        )  # fmt: skip
        self.values[key] = file, pieces
        return sender_pb2.UploadMediaResponse(media=file if len(content) == request.size else None)

    async def GetMedia(self, request: Any, context: Any) -> sender_pb2.GetMediaResponse:
        return sender_pb2.GetMediaResponse(media=self._found(request)[0])

    async def GetMediaContent(self, request: Any, context: Any) -> AsyncIterator[sender_pb2.GetMediaContentResponse]:
        for piece in self._found(request)[1]:
            yield sender_pb2.GetMediaContentResponse(content=piece)

    async def DeleteMedia(self, request: Any, context: Any) -> sender_pb2.DeleteMediaResponse:
        self._found(request)
        del self.values[request.organization_id, "media", request.media_id]
        return sender_pb2.DeleteMediaResponse()

    def _found(self, request: Any) -> Any:
        key = request.organization_id, "media", request.media_id
        if key not in self.values:
            raise NotFound("no such file", reason=errors_pb2.ERROR_REASON_MEDIA_NOT_FOUND)
        return self.values[key]


class FakeReceivedMedia(sender_pb2_grpc.ReceivedMediaServicer):
    """Keeps what an organization wants, and lists what the test laid down under ("arrived", conversation)."""

    def __init__(self, kept: Any) -> None:
        self.kept = kept

    async def List(self, request: Any, context: Any) -> sender_pb2.ListReceivedMediaResponse:
        files = self.kept.values.get((request.organization_id, "arrived", request.conversation_id), [])
        return sender_pb2.ListReceivedMediaResponse(files=files)

    async def PutPolicy(self, request: Any, context: Any) -> sender_pb2.PutMediaPolicyResponse:
        value = (request.is_on, request.max_bytes, [*request.kinds])
        return sender_pb2.PutMediaPolicyResponse(
            is_changed=self.kept.put(request.organization_id, "media_policy", value=value)
        )


def media_servicers(kept: Any) -> list[Servicer]:
    """Both, on what a house keeps."""
    return [
        Servicer("pytake.sender.v1.Media", sender_pb2_grpc.add_MediaServicer_to_server, FakeMedia(kept.values)),
        Servicer(
            "pytake.sender.v1.ReceivedMedia",
            sender_pb2_grpc.add_ReceivedMediaServicer_to_server,
            FakeReceivedMedia(kept),
        ),
    ]
