"""An error from deep inside reaches its caller as a sentence and an id: no message, no place, no value."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
import structlog
from grpc import aio
from grpc_status import rpc_status
from joserfc.jwk import OKPKey

from services.chassis.rpc import RpcServer, Servicer
from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.ingress.server import AppsServer
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc
from tests.fakes.ingress import MemoryStore
from tests.fixtures.rest import SECRET_KEY, asking
from tests.fixtures.webhooks import Entrance, messages_body, signature

CANARIES = ("postgresql://svc:canary-password@db/x", "EAAcanaryToken", "5511987654321", "canary words", "meta_app")
DEEP = RuntimeError(f'relation "meta_app" of {" ".join(CANARIES)}')


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Broken(MemoryStore):
    """A store with a mistake in it, whose error tells everything; it notes what every log line would carry."""

    async def list_apps(self) -> Any:
        carried.append(dict(structlog.contextvars.get_contextvars()))
        raise DEEP

    async def accept(self, entries: object) -> Any:
        raise DEEP


carried: list[dict[str, Any]] = []


def tells(answer: str) -> list[str]:
    """What of the canaries, of Python and of the code an answer tells."""
    inside = (*CANARIES, "Traceback", "RuntimeError", ".py", "services.", "relation")
    return [word for word in inside if word in answer]


@pytest.fixture
async def broken_room(tmp_path: Path) -> AsyncIterator[tuple[aio.Channel, str]]:
    """ingress' own servicer for apps on the broken store, and the operator's token for it."""
    key = OKPKey.generate_key("Ed25519", parameters={"kid": "operator"})
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False) | {"kid": "operator"}]}))
    verifier = TokenVerifier.from_file(audience="ingress", jwks_file=str(tmp_path / "jwks.json"), secret_key=SECRET_KEY)
    apps = Servicer(
        "pytake.ingress.v1.Apps",
        ingress_pb2_grpc.add_AppsServicer_to_server,
        AppsServer(Entrance(Broken()).intake),
    )
    server = RpcServer("127.0.0.1:0", [apps], verifier, drain_seconds=0.0)
    await server.start()
    token = ServiceSigner("operator", key).token_for("ingress")
    address = f"127.0.0.1:{server.port}"
    async with aio.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        yield channel, token
    await server.stop()


async def test_grpc_answers_internal_with_an_id_and_nothing_else(
    broken_room: tuple[aio.Channel, str],
) -> None:
    channel, token = broken_room
    stub = ingress_pb2_grpc.AppsStub(channel)
    metadata = (("authorization", f"Bearer {token}"),)

    request = ingress_pb2.ListAppsRequest(organization_id=str(uuid4()))

    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ListApps(request, metadata=metadata, timeout=10, wait_for_ready=True)

    error = caught.value
    status = rpc_status.from_call(error)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert status is not None
    assert [detail.TypeName() for detail in status.details] == ["google.rpc.ErrorInfo"]
    told = f"{error.details()} {error.trailing_metadata()} {status}"
    assert "the log has it under" in told
    assert tells(told) == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (TRACE, {"traceparent": TRACE}),
        ("EAAcanaryToken", {}),
        (f"{TRACE} 5511987654321", {}),
        (TRACE.upper(), {}),
    ],
)
async def test_a_caller_puts_nothing_into_log_lines_but_a_trace(
    broken_room: tuple[aio.Channel, str], sent: str, kept: dict[str, str]
) -> None:
    channel, token = broken_room
    metadata = (("authorization", f"Bearer {token}"), ("traceparent", sent))
    request = ingress_pb2.ListAppsRequest(organization_id=str(uuid4()))

    with pytest.raises(aio.AioRpcError):
        await ingress_pb2_grpc.AppsStub(channel).ListApps(request, metadata=metadata, timeout=10, wait_for_ready=True)

    assert carried.pop() == kept


async def test_rest_answers_500_with_an_id_and_nothing_else() -> None:
    async with asking() as asker:
        asker.house.failure = DEEP
        answer = await asker.get("/api/v1/conversations")

    assert answer.status_code == 500
    assert answer.json()["error_code"] == "INTERNAL"
    assert tells(answer.text + repr(answer.headers)) == []


async def test_the_webhook_answers_503_and_nothing_else() -> None:
    entrance = Entrance(Broken())
    body = messages_body("oi")
    async with entrance.client:
        posted = await entrance.post(body, header=signature(body, "secret"))

    assert (posted.status_code, tells(posted.text)) == (503, [])


async def test_the_handshake_answers_500_with_an_id_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    entrance = Entrance(Broken())
    async with entrance.client:
        answer = await entrance.ask("hub.mode=subscribe&hub.challenge=42&hub.verify_token=somebodys")

    assert (answer.status_code, answer.json()["error_code"], tells(answer.text)) == (500, "INTERNAL", [])
    written = capfd.readouterr()
    assert answer.json()["detail"].rpartition(" ")[2] in written.out + written.err
