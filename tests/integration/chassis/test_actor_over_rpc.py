"""Who stands behind a call, as the callee sees it: over real gRPC, with real tokens."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import OKPKey

from services.chassis.audit import AuditRecord, audit_servicer
from services.chassis.rpc import Peer, PeerAddress, RpcServer, act_as, current_actor
from services.chassis.tenancy import PublicKeys, ServiceSigner, TeamSigner, TokenVerifier
from services.pb.common.v1 import audit_pb2, audit_pb2_grpc
from tests.fakes.audit import MemoryLog

ORGANIZATION = str(uuid4())
KEYS = {name: OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in ("ingress", "operator")}


class Echo(MemoryLog):
    """A log whose only entry is by whoever reads it, after everybody else has come to ask."""

    async def read(self, *, organization_id: UUID, limit: int, before: int = 0) -> Sequence[AuditRecord]:
        await asyncio.sleep(0)
        return [AuditRecord(1, "2026-03-04T12:00:00Z", current_actor(), "", "", None, None, "", b"", b"")]


@pytest.fixture
async def peers() -> AsyncIterator[Mapping[str, Peer]]:
    verifier = TokenVerifier(audience="router", keys=PublicKeys(KEYS.values()))
    server = RpcServer("127.0.0.1:0", [audit_servicer(Echo("router"))], verifier, drain_seconds=0.0)
    await server.start()
    address = PeerAddress("router", f"ipv4:127.0.0.1:{server.port}")
    opened = {name: Peer(address, ServiceSigner(name, key)) for name, key in KEYS.items()}
    yield opened
    for peer in opened.values():
        await peer.close()
    await server.stop()


async def seen(peer: Peer, *, acting_as: str = "") -> str:
    """The actor that the callee sees when this peer calls."""
    act_as(acting_as)
    stub = peer.stub(audit_pb2_grpc.AuditStub)
    request = audit_pb2.ListAuditEventsRequest(organization_id=ORGANIZATION)
    (event,) = (await peer.call(stub.ListAuditEvents, request, seconds=10)).events
    return event.actor


async def test_a_service_is_itself_and_the_operator_is_the_operator(peers: Mapping[str, Peer]) -> None:
    assert await seen(peers["ingress"]) == "service:ingress"
    assert await seen(peers["operator"]) == "operator"


async def test_ingress_says_for_which_person_it_calls_and_is_believed(peers: Mapping[str, Peer]) -> None:
    assert await seen(peers["ingress"], acting_as="user:7") == "user:7"
    assert await seen(peers["ingress"], acting_as="operator") == "service:ingress"


async def test_nobody_else_can_say_so(peers: Mapping[str, Peer]) -> None:
    assert await seen(peers["operator"], acting_as="user:7") == "operator"


async def test_a_teams_token_stands_for_its_subject(peers: Mapping[str, Peer]) -> None:
    signer = TeamSigner("ingress", KEYS["ingress"])
    token = signer.sign(organization_id=ORGANIZATION, role="org_admin", subject="api_key:9")
    stub = peers["ingress"].stub(audit_pb2_grpc.AuditStub)
    request = audit_pb2.ListAuditEventsRequest(organization_id=ORGANIZATION)
    metadata = (("authorization", f"Bearer {token}"), ("x-pytake-actor", "user:7"))

    (event,) = (await stub.ListAuditEvents(request, metadata=metadata, timeout=10)).events

    assert event.actor == "api_key:9"


async def test_calls_at_the_same_time_have_each_their_own(peers: Mapping[str, Peer]) -> None:
    people = [f"user:{number}" for number in range(30)]

    found = await asyncio.gather(*(asyncio.create_task(seen(peers["ingress"], acting_as=person)) for person in people))

    assert list(found) == people
