"""The rooms of a running house, as its operator calls them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from services.chassis.errors import NotFound, PytakeError
from services.chassis.rpc import Peer, PeerAddress
from services.chassis.tenancy import ServiceSigner
from services.cli.ending import Failed
from services.embedded.keys import key_file, secrets_in_use
from services.embedded.state import State, read_state
from services.pb.common.v1 import errors_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc

OPERATOR = "operator"
CALL_SECONDS = 20.0

Result = TypeVar("Result")
Response = TypeVar("Response")


class Rooms:
    """Channels to the rooms of one house; opened when first used, closed at the end of the `async with`."""

    def __init__(self, targets: Mapping[str, str], signer: ServiceSigner) -> None:
        self._targets = targets
        self._signer = signer
        self._peers: dict[str, Peer] = {}

    @classmethod
    def of(cls, state: State) -> "Rooms":
        """Find the rooms of the house that wrote this state."""
        key = key_file(secrets_folder(state), OPERATOR)
        return cls(targets_of(state), ServiceSigner.from_file(OPERATOR, str(key)))

    def peer(self, room: str) -> Peer:
        """The channel to a room; make stubs with it."""
        if room not in self._peers:
            self._peers[room] = Peer(PeerAddress(room, self._targets[room]), self._signer)
        return self._peers[room]

    async def call(self, room: str, method: Callable[..., Awaitable[Response]], request: object) -> Response:
        """Call a stub's method. Raises the PytakeError that the room raised, or Unavailable."""
        return await self.peer(room).call(method, request, seconds=CALL_SECONDS)

    async def organization_id(self, name: str) -> str:
        """The id of the organization with this name. Raises NotFound, naming those that exist."""
        found = {item.name: item.organization_id for item in await self.organizations()}
        if name in found:
            return found[name]
        existing = ", ".join(found) or "none yet: `pytake apply` makes one"
        reason = errors_pb2.ERROR_REASON_ORGANIZATION_NOT_FOUND
        raise NotFound(f"no organization is called {name!r} (there is: {existing})", reason=reason)

    async def organizations(self) -> list[router_pb2.Organization]:
        """Every organization of the house, by name."""
        stub = self.peer("router").stub(router_pb2_grpc.DirectoryStub)
        response = await self.call("router", stub.ListOrganizations, router_pb2.ListOrganizationsRequest())
        return list(response.organizations)

    async def __aenter__(self) -> "Rooms":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(peer.close() for peer in self._peers.values()))


def talk(data: Path, work: Callable[[Rooms, State], Awaitable[Result]]) -> Result:
    """Do some work with the rooms of the running house. Raises HouseError (none runs) or Failed."""
    state = read_state(data)

    async def session() -> Result:
        async with Rooms.of(state) as rooms:
            return await work(rooms, state)

    try:
        return asyncio.run(session())
    except PytakeError as error:
        raise Failed(error.sentence) from None


def secrets_folder(state: State) -> Path:
    """The folder with the keys and secrets of the house."""
    return Path(str(state["data"])) / "secrets"


def house_secret(state: State) -> str:
    """What signs webhooks of no particular Meta app."""
    return secrets_in_use(secrets_folder(state))["META_APP_SECRET"]


def targets_of(state: State) -> dict[str, str]:
    """The gRPC target of every room, naming all its processes."""
    services = state["services"]
    assert isinstance(services, dict)
    return {room: "ipv4:" + ",".join(each["grpc"] for each in its["processes"]) for room, its in services.items()}
