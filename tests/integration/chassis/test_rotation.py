"""Keys that change while calls are under way."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from services.chassis.errors import Unauthenticated
from services.chassis.rpc import Peer, PeerAddress, RpcServer
from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.embedded.keys import ensure_service_keys, jwks_file, key_file, retire_key, rotate_key
from services.pb.common.v1 import policy_pb2
from tests.fixtures.declared import declare

SERVICE = declare(policy_pb2.Policy(callers=["ingress"], tenant=policy_pb2.TENANT_RULE_HOUSE))


async def test_a_key_is_replaced_three_times_under_calls_and_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chassis.files.LOOK_SECONDS", 0.0)
    ensure_service_keys(tmp_path)
    verifier = TokenVerifier.from_file(audience="router", jwks_file=str(jwks_file(tmp_path)))
    signer = ServiceSigner.from_file("ingress", str(key_file(tmp_path, "ingress")))
    first, tokens = signer.token_for("router"), set()

    async def answer(request: Any, context: Any) -> Any:
        tokens.add(dict(context.invocation_metadata())["authorization"])
        return request

    server = RpcServer("127.0.0.1:0", [SERVICE.served_by(answer)], verifier, drain_seconds=0.0)
    await server.start()
    peer = Peer(PeerAddress("router", f"ipv4:127.0.0.1:{server.port}"), signer)
    method = peer.stub(
        lambda channel: channel.unary_unary(
            SERVICE.path,
            request_serializer=SERVICE.message.SerializeToString,
            response_deserializer=SERVICE.message.FromString,
        )
    )

    async def call_often() -> None:
        await asyncio.gather(*(peer.call(method, SERVICE.message(), seconds=20) for _ in range(20)))

    old = "ingress"
    await call_often()
    for _ in range(3):
        new, _ = await asyncio.gather(asyncio.to_thread(rotate_key, tmp_path, "ingress"), call_often())
        await call_often()
        retire_key(tmp_path, old)
        await call_often()
        old = new

    await peer.close()
    await server.stop()
    assert len(tokens) == 4
    with pytest.raises(Unauthenticated):
        verifier.prove(first)
