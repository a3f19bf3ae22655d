"""How large calls and answers may be, told by gRPC itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.errors import InvalidArgument
from services.chassis.rpc import Peer, PeerAddress, RpcServer, Servicer
from services.chassis.rpc.sizes import MOST_ENTRIES, MOST_MESSAGE_BYTES
from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.embedded.keys import ensure_service_keys, jwks_file, key_file
from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc


class Delivery(sender_pb2_grpc.DeliveryServicer):
    """Answers with as many bytes as the first status names."""

    async def ApplyStatuses(self, request: Any, context: Any) -> sender_pb2.ApplyStatusesResponse:  # noqa: N802
        result = results_pb2.ItemResult(reason="x" * request.statuses[0].status.occurred_at)
        return sender_pb2.ApplyStatusesResponse(results=[result])


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    ensure_service_keys(tmp_path)
    verifier = TokenVerifier.from_file(audience="sender", jwks_file=str(jwks_file(tmp_path)), secret_key="x" * 32)
    servicer = Servicer("pytake.sender.v1.Delivery", sender_pb2_grpc.add_DeliveryServicer_to_server, Delivery())
    server = RpcServer("127.0.0.1:0", [servicer], verifier, drain_seconds=0.1)
    await server.start()
    signer = ServiceSigner.from_file("router", str(key_file(tmp_path, "router")))
    asking = Peer(PeerAddress("sender", f"127.0.0.1:{server.port}"), signer)
    yield asking
    await asking.close()
    await server.stop()


async def call(peer: Peer, *, asked: int = 0, answered: int = 0, entries: int = 1) -> int:
    """A call of so many bytes that is answered with so many."""
    status = sender_pb2.OrganizationStatus(organization_id="x" * asked)
    status.status.occurred_at = answered
    request = sender_pb2.ApplyStatusesRequest(statuses=[status] * entries)
    response = await peer.call(peer.stub(sender_pb2_grpc.DeliveryStub).ApplyStatuses, request, seconds=10)
    return len(response.results[0].reason)


async def test_calls_and_answers_within_the_limit_are_taken(peer: Peer) -> None:
    assert await call(peer, asked=MOST_MESSAGE_BYTES - 1000) == 0
    assert await call(peer, answered=MOST_MESSAGE_BYTES - 1000) == MOST_MESSAGE_BYTES - 1000


async def test_a_call_that_is_too_large_is_told_so_and_not_to_try_again(peer: Peer) -> None:
    with pytest.raises(InvalidArgument, match="larger than 4194304 bytes"):
        await call(peer, asked=MOST_MESSAGE_BYTES)


async def test_an_answer_that_is_too_large_is_told_so(peer: Peer) -> None:
    with pytest.raises(InvalidArgument, match="ask for less"):
        await call(peer, answered=MOST_MESSAGE_BYTES)


async def test_a_call_of_very_many_entries_is_refused_before_it_is_worked_on(peer: Peer) -> None:
    with pytest.raises(InvalidArgument, match="statuses has 20001 entries"):
        await call(peer, entries=MOST_ENTRIES + 1)
