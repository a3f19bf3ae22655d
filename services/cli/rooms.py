"""The rooms of a running house, as its operator calls them."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from services.chassis.errors import NotFound, PytakeError
from services.chassis.rpc import Certificates, Peer, PeerAddress
from services.chassis.settings import SettingsError
from services.chassis.tenancy import ServiceSigner
from services.cli.ending import Failed, WrongInput
from services.cli.house import house_of, operator_settings
from services.embedded.keys import key_file, secrets_in_use
from services.embedded.state import State
from services.pb.common.v1 import errors_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc

OPERATOR = "operator"
CALL_SECONDS = 20.0
CALLS_AT_ONCE = 32
"""As many as the rooms' pools of connections have use for; the rest waits here, where no deadline runs."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Response = TypeVar("Response")


class Rooms:
    """Channels to the rooms of one house; opened when first used, closed at the end of the `async with`.

    With certificates they are encrypted, as those between the rooms are.
    """

    def __init__(
        self, targets: Mapping[str, str], signer: ServiceSigner, *, certificates: Certificates | None = None
    ) -> None:
        self._targets = targets
        self._signer = signer
        self._certificates = certificates
        self._peers: dict[str, Peer] = {}

    @classmethod
    def of(cls, state: State, environment: Mapping[str, str] = os.environ) -> "Rooms":
        """Find the rooms of a house; the environment names the operator's certificate. Raises WrongInput."""
        file = operator_key(state)
        try:
            signer = ServiceSigner.from_file(OPERATOR, str(file))
            certificates = Certificates.from_settings(operator_settings(environment))
        except (OSError, ValueError) as error:
            raise WrongInput(f"{file} cannot be read as the operator's private key: {error}") from None
        except SettingsError as error:
            raise WrongInput(str(error)) from None
        return cls(targets_of(state), signer, certificates=certificates)

    def peer(self, room: str) -> Peer:
        """The channel to a room; make stubs with it."""
        if room not in self._peers:
            address = PeerAddress(room, self._targets[room])
            self._peers[room] = Peer(address, self._signer, certificates=self._certificates)
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


async def for_each(items: Iterable[Item], work: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """Work on CALLS_AT_ONCE items at a time; the results in the items' order. Raises what the first failure raised."""
    turns = asyncio.Semaphore(CALLS_AT_ONCE)

    async def in_turn(item: Item) -> Result:
        async with turns:
            return await work(item)

    return await asyncio.gather(*map(in_turn, items))


def talk(data: Path, work: Callable[[Rooms, State], Awaitable[Result]]) -> Result:
    """Do some work with the rooms of a house. Raises HouseError (none runs), WrongInput or Failed."""
    state = house_of(data)

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


def operator_key(state: State) -> Path:
    """The file with the operator's private key."""
    return Path(str(state["key_file"])) if is_deployment(state) else key_file(secrets_folder(state), OPERATOR)


def is_deployment(state: State) -> bool:
    """Whether the house is somewhere else, and nothing of it in the data folder."""
    return "targets" in state


def house_secret(state: State) -> str:
    """What signs webhooks of no particular Meta app."""
    return secrets_in_use(secrets_folder(state))["META_APP_SECRET"]


def targets_of(state: State) -> dict[str, str]:
    """The gRPC target of every room, naming all its processes."""
    targets = state.get("targets")
    if isinstance(targets, dict):
        return targets
    services = state["services"]
    assert isinstance(services, dict)
    return {room: "ipv4:" + ",".join(each["grpc"] for each in its["processes"]) for room, its in services.items()}
