"""Who may not, cannot: every method and every route of a running house against everybody who has no right to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.chassis.rpc import RpcServer, Servicer
from services.chassis.rpc.policy import MethodPolicy, PolicyMissing, read_policies
from services.chassis.tenancy import PublicKeys, TokenVerifier
from services.embedded.keys import ROOMS, SIGNERS
from services.ingress.http.site import Site
from services.pb.common.v1 import policy_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from tests.fakes.ingress_peers import House as FakeHouse
from tests.fixtures.declared import declare
from tests.fixtures.rest import Clock, Rights, site_on
from tests.journeys.house import House, running_house
from tests.walls import methods, routes
from tests.walls.attacks import UNLIMITED, run
from tests.walls.forge import Keys
from tests.walls.methods import Attackers, methods_of
from tests.walls.report import Report
from tests.walls.victims import Victim

FEWEST = 2_000


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A house of these tests' own: what attackers leave behind must not disturb others."""
    folder = Path(tempfile.mkdtemp(prefix="pytake-walls-"))
    folder.chmod(0o755)  # Postgres runs as a plain user when we are root
    with running_house(folder, **UNLIMITED) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def report(house: House) -> Report:
    return run(house)


def test_nobody_gets_through_and_everybody_with_a_right_does(report: Report) -> None:
    print(report.table())

    assert report.successes == [], report.table()
    assert report.shut_out == [], report.table()
    assert len(report.attempts) > FEWEST
    assert len(report.let_in) >= report.targets


def test_every_method_that_is_served_was_attacked(house: House, report: Report) -> None:
    served = {
        method.path for room in ROOMS for method in methods_of(room, house.first_status["services"][room]["grpc"])
    }

    assert {attempt.target for attempt in report.attempts if attempt.kind == "no token"} >= served
    assert {path.split("/")[1].split(".")[1] for path in served} == {*ROOMS, "common"}


def test_every_route_is_open_on_purpose_or_demands_a_permission() -> None:
    endpoints = routes.endpoints_of(site_on(FakeHouse(), Clock(), Rights()))

    assert routes.undeclared(endpoints) == []
    assert {endpoint.path for endpoint in endpoints} >= set(routes.OPEN)
    assert sum(not endpoint.is_open for endpoint in endpoints) >= 5


# Mutants: what the attacks are there to find.


def organization(name: str) -> Victim:
    organization_id = str(uuid4())
    return Victim(organization_id, {"organization_id": organization_id, "wa_id": "5511900000000"}, frozenset({name}))


ATTACKERS = Attackers(Keys.made(), organization("ours"), organization("theirs"))


class States(executor_pb2_grpc.StatesServicer):
    """Answers whoever gets as far as here."""

    async def ListStates(self, request: Any, context: Any) -> Any:  # noqa: N802
        return executor_pb2.ListStatesResponse()

    async def GetState(self, request: Any, context: Any) -> Any:  # noqa: N802
        return executor_pb2.GetStateResponse()

    async def GetTurn(self, request: Any, context: Any) -> Any:  # noqa: N802
        return executor_pb2.GetTurnResponse()

    async def TakeConversation(self, request: Any, context: Any) -> Any:  # noqa: N802
        return executor_pb2.TakeConversationResponse()

    async def ReleaseConversation(self, request: Any, context: Any) -> Any:  # noqa: N802
        return executor_pb2.ReleaseConversationResponse()

    async def CloseState(self, request: Any, context: Any) -> Any:  # noqa: N802
        return executor_pb2.CloseStateResponse()


Widen = Callable[[MethodPolicy], MethodPolicy]


@asynccontextmanager
async def served(monkeypatch: pytest.MonkeyPatch, widen: Widen) -> AsyncIterator[str]:
    """The address of an executor whose policies are others in memory than its contract says."""

    def read_wider(names: Any) -> Mapping[str, MethodPolicy]:
        return {path: widen(policy) for path, policy in read_policies(names).items()}

    monkeypatch.setattr("services.chassis.rpc.server.read_policies", read_wider)
    verifier = TokenVerifier(audience="executor", keys=PublicKeys(ATTACKERS.keys.private.values()))
    states = Servicer("pytake.executor.v1.States", executor_pb2_grpc.add_StatesServicer_to_server, States())
    server = RpcServer("127.0.0.1:0", [states], verifier, drain_seconds=0.0)
    await server.start()
    yield f"127.0.0.1:{server.port}"
    await server.stop()


async def test_policies_as_declared_let_nobody_through(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(monkeypatch, lambda policy: policy) as address:
        report = await methods.attack("executor", address, ATTACKERS)

    assert (report.targets, report.successes, report.shut_out) == (6, [], [])


@pytest.mark.parametrize(
    ("widen", "kinds"),
    [
        (lambda policy: replace(policy, callers=policy.callers | set(SIGNERS)), {"service not among the callers"}),
        (
            lambda policy: replace(policy, scope="flows:read"),
            {"wrong role", "scope without the permission", "API key without the permission"},
        ),
        (
            lambda policy: replace(policy, tenant=policy_pb2.TENANT_RULE_HOUSE),
            {
                "another organization's token with our ids",
                "our token with another organization's ids",
                "malformed organization by a service",
                "malformed organization by a team",
            },
        ),
    ],
    ids=["callers", "scope", "tenant"],
)
async def test_a_wider_policy_is_found(monkeypatch: pytest.MonkeyPatch, widen: Widen, kinds: set[str]) -> None:
    async with served(monkeypatch, widen) as address:
        report = await methods.attack("executor", address, ATTACKERS)

    assert {attempt.kind for attempt in report.successes} >= kinds


async def test_a_server_does_not_start_with_a_method_without_a_policy() -> None:
    async def answer(request: Any, _: Any) -> Any:
        return request

    verifier = TokenVerifier(audience="executor", keys=PublicKeys([]))
    with pytest.raises(PolicyMissing):
        RpcServer("127.0.0.1:0", [declare(None).served_by(answer)], verifier, drain_seconds=0.0)


async def test_a_method_without_a_policy_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: Any, _: Any) -> Any:
        return request

    naked = declare(None, fields=("organization_id",))
    everybody = MethodPolicy(frozenset({*SIGNERS, "team"}), policy_pb2.TENANT_RULE_HOUSE, "flows:read")
    monkeypatch.setattr("services.chassis.rpc.server.read_policies", lambda _: {naked.path: everybody})
    verifier = TokenVerifier(audience="executor", keys=PublicKeys(ATTACKERS.keys.private.values()))
    server = RpcServer("127.0.0.1:0", [naked.served_by(answer)], verifier, drain_seconds=0.0)
    await server.start()

    report = await methods.attack("executor", f"127.0.0.1:{server.port}", ATTACKERS)
    await server.stop()

    assert report.targets == 1
    assert "service not among the callers" in {attempt.kind for attempt in report.successes}


async def attacked(site: Site) -> Report:
    transport = httpx.ASGITransport(site)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingress") as client:
        return await routes.attack(client, routes.endpoints_of(site), ATTACKERS)


async def test_a_route_that_demands_nothing_is_found() -> None:
    async def leak() -> dict[str, str]:
        return {"whose": "theirs"}

    site = site_on(FakeHouse(), Clock(), Rights())
    site.add_api_route("/api/v1/leak", leak, methods=["GET"], include_in_schema=False)

    report = await attacked(site)

    assert routes.undeclared(routes.endpoints_of(site)) == ["GET /api/v1/leak"]
    assert {attempt.target for attempt in report.successes} == {"GET /api/v1/leak"}
    assert {"no token", "alg none", "our token with another organization's ids"} <= {
        attempt.kind for attempt in report.successes
    }
