"""Encrypted connections between rooms: who is let in, and what a renewal costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from grpc import aio
from joserfc.jwk import OKPKey

from services.chassis.errors import PytakeError, Unauthenticated, Unavailable
from services.chassis.files import LOOK_SECONDS
from services.chassis.rpc import Certificates, Peer, PeerAddress, RpcServer
from services.chassis.rpc.certificates import principals_named
from services.chassis.settings import Secret, ServiceSettings, SettingsError
from services.chassis.tenancy import PublicKeys, ServiceSigner, TeamSigner, TokenVerifier
from services.pb.common.v1 import policy_pb2
from tests.fixtures.authority import Authority
from tests.fixtures.declared import declare
from tests.fixtures.members import certificates, dns, issue, spiffe

KEYS = {name: OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in ("ingress", "sender", "operator")}
POLICY = policy_pb2.Policy(
    callers=["ingress", "sender", "operator", "team"], tenant=policy_pb2.TENANT_RULE_REQUEST, scope="flows:read"
)
SERVICE = declare(POLICY, fields=("organization_id",))
OURS = str(uuid4())


@dataclass(frozen=True, slots=True)
class Rooms:
    """A server of the room "router", and what is needed to call it."""

    authority: Authority
    folder: Path
    port: int
    serials: list[int] = field(default_factory=list)

    @property
    def address(self) -> PeerAddress:
        return PeerAddress("router", f"ipv4:127.0.0.1:{self.port}")

    def issue(self, who: str, names: list[x509.GeneralName], **options: Any) -> Certificates:
        return certificates(issue(self.authority, self.folder / who, names, **options))


def new_authority(folder: Path) -> Authority:
    folder.mkdir()
    return Authority.found(folder)


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at before every connection and call."""
    monkeypatch.setattr("services.chassis.files.LOOK_SECONDS", 0.0)


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Rooms]:
    authority = new_authority(tmp_path / "authority")
    own = certificates(issue(authority, tmp_path / "router", dns("router", "router.pytake.svc")))

    async def answer(request: Any, context: Any) -> Any:
        pem = context.auth_context()["x509_pem_cert"][0]
        found.serials.append(x509.load_pem_x509_certificate(pem).serial_number)
        return request

    verifier = TokenVerifier(audience="router", keys=PublicKeys(KEYS.values()))
    server = RpcServer("127.0.0.1:0", [SERVICE.served_by(answer)], verifier, drain_seconds=0.0, certificates=own)
    await server.start()
    found = Rooms(authority, tmp_path, server.port)
    yield found
    await server.stop()


@asynccontextmanager
async def calling(rooms: Rooms, name: str, own: Certificates | None) -> AsyncIterator[Any]:
    """A call of the server by a room, with a certificate."""
    peer = Peer(rooms.address, ServiceSigner(name, KEYS[name]), certificates=own)
    try:
        yield lambda: peer.call(_method(peer), SERVICE.message(organization_id=OURS), seconds=20)  # type: ignore[call-arg]  # made at run time
    finally:
        await peer.close()


def _method(peer: Peer) -> Any:
    return peer.stub(
        lambda channel: channel.unary_unary(
            SERVICE.path,
            request_serializer=SERVICE.message.SerializeToString,
            response_deserializer=SERVICE.message.FromString,
        )
    )


async def outcome(rooms: Rooms, name: str, own: Certificates | None) -> type[PytakeError] | None:
    """None when the call was answered."""
    async with calling(rooms, name, own) as call:
        try:
            await call()
        except PytakeError as error:
            return type(error)
    return None


@pytest.mark.parametrize(
    "names",
    [
        dns("ingress"),
        dns("ingress.pytake.svc.cluster.local"),
        spiffe("ingress"),
        [*dns("localhost"), *spiffe("ingress")],
    ],
)
async def test_a_room_with_its_own_certificate_and_token_is_let_in(rooms: Rooms, names: list[x509.GeneralName]) -> None:
    assert await outcome(rooms, "ingress", rooms.issue("ingress", names)) is None


async def test_who_shows_no_certificate_is_not_talked_to(rooms: Rooms) -> None:
    assert await outcome(rooms, "ingress", None) is Unavailable
    authority_only = grpc.ssl_channel_credentials((rooms.folder / "router" / "ca.crt").read_bytes())
    options = (("grpc.ssl_target_name_override", "router"), ("grpc.enable_http_proxy", 0))
    async with aio.secure_channel(f"127.0.0.1:{rooms.port}", authority_only, options=options) as channel:
        method = channel.unary_unary(SERVICE.path, request_serializer=SERVICE.message.SerializeToString)
        token = ServiceSigner("ingress", KEYS["ingress"]).token_for("router")
        call = method(SERVICE.message(), metadata=(("authorization", f"Bearer {token}"),), timeout=20)

        assert await call.code() is grpc.StatusCode.UNAVAILABLE
    assert rooms.serials == []


async def test_a_certificate_of_another_authority_or_an_expired_one_is_not_talked_to(rooms: Rooms) -> None:
    stranger = new_authority(rooms.folder / "stranger")
    foreign = issue(stranger, rooms.folder / "foreign", dns("ingress"))
    # The stranger trusts our authority, so that it is the server who turns away.
    (foreign / "ca.crt").write_bytes((rooms.folder / "router" / "ca.crt").read_bytes())

    assert await outcome(rooms, "ingress", certificates(foreign)) is Unavailable
    assert (
        await outcome(rooms, "ingress", rooms.issue("old", dns("ingress"), lives=timedelta(minutes=-5))) is Unavailable
    )
    assert rooms.serials == []


@pytest.mark.parametrize(
    "names", [dns("sender"), spiffe("sender"), dns("team"), dns("notingress"), spiffe("x/ingress")]
)
async def test_a_stolen_token_is_worth_nothing_on_the_connection_of_another(
    rooms: Rooms, names: list[x509.GeneralName]
) -> None:
    assert await outcome(rooms, "ingress", rooms.issue("thief", names)) is Unauthenticated
    assert rooms.serials == []


@pytest.mark.parametrize(("name", "is_let_in"), [("team", True), ("ingress", True), ("sender", False)])
async def test_a_team_comes_over_its_own_connection_or_over_ingress(
    rooms: Rooms, name: str, *, is_let_in: bool
) -> None:
    own = rooms.issue(name, dns(name))
    token = TeamSigner("operator", KEYS["operator"]).sign(organization_id=OURS, role="viewer", subject="ana")
    options = (("grpc.ssl_target_name_override", "router"), ("grpc.enable_http_proxy", 0))
    async with aio.secure_channel(f"127.0.0.1:{rooms.port}", own.for_channel(), options=options) as channel:
        method = channel.unary_unary(SERVICE.path, request_serializer=SERVICE.message.SerializeToString)
        request = SERVICE.message(organization_id=OURS)  # type: ignore[call-arg]  # made at run time
        call = method(request, metadata=(("authorization", f"Bearer {token}"),), timeout=20)

        assert (await call.code() is grpc.StatusCode.OK) is is_let_in


async def test_a_caller_talks_only_to_the_room_it_means(tmp_path: Path) -> None:
    authority = new_authority(tmp_path / "authority")
    wrong = certificates(issue(authority, tmp_path / "sender", dns("sender")))

    async def answer(request: Any, _: Any) -> Any:
        raise AssertionError("a token was given to the wrong room")

    verifier = TokenVerifier(audience="router", keys=PublicKeys(KEYS.values()))
    server = RpcServer("127.0.0.1:0", [SERVICE.served_by(answer)], verifier, drain_seconds=0.0, certificates=wrong)
    await server.start()
    rooms = Rooms(authority, tmp_path, server.port)

    assert await outcome(rooms, "ingress", rooms.issue("ingress", dns("ingress"))) is Unavailable
    await server.stop()


async def test_replaced_certificates_are_shown_by_both_sides_without_a_lost_call(
    rooms: Rooms,
) -> None:
    own = rooms.issue("ingress", dns("ingress"))
    async with calling(rooms, "ingress", own) as call:
        await call()
        await asyncio.gather(*(call() for _ in range(10)))
        # A new authority: whoever did not follow its files could not talk to the other any more.
        successor = new_authority(rooms.folder / "successor")
        both = b"".join((rooms.folder / name / "ca.pem").read_bytes() for name in ("authority", "successor"))
        for name in ("router", "ingress"):
            (rooms.folder / name / "ca.crt").write_bytes(both)
        await asyncio.gather(*(call() for _ in range(10)))
        for name in ("router", "ingress"):
            issue(successor, rooms.folder / name, dns(name))
        await asyncio.gather(*(call() for _ in range(10)))

    assert len(rooms.serials) == 31
    assert len(set(rooms.serials)) == 2


async def test_half_replaced_files_leave_the_old_certificate_in_use(
    rooms: Rooms,
) -> None:
    own = rooms.issue("ingress", dns("ingress"))
    async with calling(rooms, "ingress", own) as call:
        await call()
        for name in ("router", "ingress"):
            other = issue(rooms.authority, rooms.folder / "other", dns(name))
            (rooms.folder / name / "tls.crt").write_bytes((other / "tls.crt").read_bytes())
        await call()
    async with calling(rooms, "ingress", rooms.issue("ingress", dns("ingress"))) as call:
        await call()

    assert len(rooms.serials) == 3


def test_files_are_looked_at_every_few_seconds_only() -> None:
    assert 1.0 <= LOOK_SECONDS <= 10.0


def test_a_name_stands_for_one_principal() -> None:
    names = [
        b"router",
        b"sender.pytake.svc",
        b"spiffe://pytake/executor",
        b"spiffe://other/team",
        b"mailto@x",
        b"10.0.0.1",
    ]

    assert principals_named({"x509_subject_alternative_name": names}) == {"router", "sender", "executor", "10"}
    assert principals_named({}) == frozenset()


def settings(**files: str) -> ServiceSettings:
    return ServiceSettings(database_url=Secret("unused"), service_key_file="", service_jwks_file="", **files)


def test_without_files_connections_are_in_clear_text() -> None:
    assert Certificates.from_settings(settings()) is None


def test_files_that_do_not_belong_together_keep_a_service_from_starting(tmp_path: Path) -> None:
    authority = new_authority(tmp_path / "authority")
    folder = issue(authority, tmp_path / "router", dns("router"))
    names = {"tls_cert_file": "tls.crt", "tls_key_file": "tls.key", "tls_ca_file": "ca.crt"}
    files = {name: str(folder / file) for name, file in names.items()}
    other = tmp_path / "other.key"
    other.write_bytes(_pem_of(ec.generate_private_key(ec.SECP256R1())))

    assert Certificates.from_settings(settings(**files)) is not None
    for missing in names:
        with pytest.raises(SettingsError, match="set all three or none"):
            Certificates.from_settings(settings(**(files | {missing: ""})))
        with pytest.raises(SettingsError, match="cannot be used"):
            Certificates.from_settings(settings(**(files | {missing: str(tmp_path / "none")})))
    with pytest.raises(SettingsError, match="is not that of the certificate"):
        Certificates.from_settings(settings(**(files | {"tls_key_file": str(other)})))


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
