"""Access tokens of numbers."""

from __future__ import annotations

from typing import Any

from grpc import aio

from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.server.reading import read_id
from services.sender.usecases import KeepCredentials
from services.sender.usecases.proving import ProveNumber


class CredentialsServer(sender_pb2_grpc.CredentialsServicer):
    """Access tokens of numbers."""

    def __init__(self, credentials: KeepCredentials, proof: ProveNumber) -> None:
        self._credentials = credentials
        self._proof = proof

    async def PutCredential(
        self, request: sender_pb2.PutCredentialRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.PutCredentialResponse:
        """Stores the access token of a number, encrypted."""
        is_changed = await self._credentials.put(
            organization_id=read_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            token=request.access_token,
        )
        return sender_pb2.PutCredentialResponse(is_changed=is_changed)

    async def ProveNumber(
        self, request: sender_pb2.ProveNumberRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ProveNumberResponse:
        """Asks Meta whether a token opens a number."""
        await self._proof.prove(
            organization_id=read_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            token=request.access_token,
        )
        return sender_pb2.ProveNumberResponse()
