"""How large calls and answers may be, told by gRPC itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.errors import InvalidArgument
from services.chassis.rpc import Peer, PeerAddress, RpcServer, Servicer
from services.chassis.rpc.sizes import MOST_MESSAGE_BYTES
from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.embedded.keys import ensure_service_keys, jwks_file, key_file
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc


class Messages(sender_pb2_grpc.MessagesServicer):
    """Answers with as many bytes as are asked for."""

    async def ListMessages(self, request: Any, context: Any) -> sender_pb2.ListMessagesResponse:  # noqa: N802
        record = sender_pb2.MessageRecord(message_id="x" * request.limit)
        return sender_pb2.ListMessagesResponse(messages=[record])


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    ensure_service_keys(tmp_path)
    verifier = TokenVerifier.from_file(audience="sender", jwks_file=str(jwks_file(tmp_path)), secret_key="x" * 32)
    servicer = Servicer("pytake.sender.v1.Messages", sender_pb2_grpc.add_MessagesServicer_to_server, Messages())
    server = RpcServer("127.0.0.1:0", [servicer], verifier, drain_seconds=0.1)
    await server.start()
    signer = ServiceSigner.from_file("operator", str(key_file(tmp_path, "operator")))
    asking = Peer(PeerAddress("sender", f"127.0.0.1:{server.port}"), signer)
    yield asking
    await asking.close()
    await server.stop()


async def ask(peer: Peer, *, state: str = "", limit: int = 1) -> int:
    request = sender_pb2.ListMessagesRequest(organization_id="o", state=state, limit=limit)
    response = await peer.call(peer.stub(sender_pb2_grpc.MessagesStub).ListMessages, request, seconds=10)
    return len(response.messages[0].message_id)


async def test_a_call_within_the_limit_is_taken(peer: Peer) -> None:
    assert await ask(peer, state="x" * (MOST_MESSAGE_BYTES - 1000)) == 1


async def test_a_call_that_is_too_large_is_told_so_and_not_to_try_again(peer: Peer) -> None:
    with pytest.raises(InvalidArgument, match="larger than 4194304 bytes"):
        await ask(peer, state="x" * MOST_MESSAGE_BYTES)


async def test_an_answer_that_is_too_large_is_told_so(peer: Peer) -> None:
    with pytest.raises(InvalidArgument, match="ask for less"):
        await ask(peer, limit=MOST_MESSAGE_BYTES)
