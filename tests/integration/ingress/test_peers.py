"""ingress' calls over real gRPC to stand-ins of the rooms behind its REST API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import OKPKey

from services.chassis.audit import AuditEntry, audit_servicer
from services.chassis.errors import FailedPrecondition, NotFound, Unavailable
from services.chassis.rpc import Peer, PeerAddress, RpcServer, Servicer
from services.chassis.tenancy import PublicKeys, ServiceSigner, TokenVerifier
from services.ingress.domain.conversation import Flow, Line
from services.ingress.peers import GrpcAnalytics, GrpcAudit, GrpcExecutor, GrpcRouter
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import errors_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from tests.fakes.audit import MemoryLog

ORGANIZATION, FLOW = uuid4(), uuid4()
PHONE = "5511987654321"
KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "ingress"})
MOMENT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


@asynccontextmanager
async def peer_of(room: str, *servicers: Servicer) -> AsyncIterator[Peer]:
    """A peer of a server that serves these."""
    verifier = TokenVerifier(audience=room, keys=PublicKeys([KEY]))
    server = RpcServer("127.0.0.1:0", servicers, verifier, drain_seconds=0.0)
    await server.start()
    peer = Peer(PeerAddress(room, f"ipv4:127.0.0.1:{server.port}"), ServiceSigner("ingress", KEY))
    try:
        yield peer
    finally:
        await peer.close()
        await server.stop()


class States(executor_pb2_grpc.StatesServicer):
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def _state(self, phone_number: str) -> executor_pb2.State:
        state = executor_pb2.State(
            state_id="s", phone_number=phone_number, flow_id=str(FLOW), is_active=True, execution_path=["start"]
        )
        state.variables.update({"bolos": 2, "preço": 2.5, "lista": [1, {"a": None}], "nome": "Bia", "sim": True})
        state.created_at.FromDatetime(MOMENT)
        return state

    async def ListStates(self, request: Any, context: Any) -> executor_pb2.ListStatesResponse:  # noqa: N802
        self.asked.append(request)
        return executor_pb2.ListStatesResponse(total=7, states=[self._state(PHONE)])

    async def GetState(self, request: Any, context: Any) -> executor_pb2.GetStateResponse:  # noqa: N802
        if request.phone_number != PHONE:
            raise NotFound("nobody", reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND)
        return executor_pb2.GetStateResponse(state=self._state(request.phone_number))

    async def GetTurn(self, request: Any, context: Any) -> executor_pb2.GetTurnResponse:  # noqa: N802
        if request.event_id == "pending":
            raise FailedPrecondition("not yet", reason=errors_pb2.ERROR_REASON_TURN_PENDING)
        return executor_pb2.GetTurnResponse(bot_responses=["a", "b"], is_awaiting_input=True)

    async def CloseState(self, request: Any, context: Any) -> executor_pb2.CloseStateResponse:  # noqa: N802
        response = executor_pb2.CloseStateResponse()
        response.closed_at.FromDatetime(MOMENT)
        return response


class Flows(executor_pb2_grpc.FlowServiceServicer):
    async def ListFlows(self, request: Any, context: Any) -> executor_pb2.ListFlowsResponse:  # noqa: N802
        return executor_pb2.ListFlowsResponse(flows=[executor_pb2.Flow(flow_id="f", name="n", published_version=2)])


@pytest.fixture
async def states() -> States:
    return States()


@pytest.fixture
async def executor(states: States) -> AsyncIterator[GrpcExecutor]:
    names = "pytake.executor.v1"
    flows = Flows()  # type: ignore[abstract]  # serves only what is asked
    async with peer_of(
        "executor",
        Servicer(f"{names}.States", executor_pb2_grpc.add_StatesServicer_to_server, states),
        Servicer(f"{names}.FlowService", executor_pb2_grpc.add_FlowServiceServicer_to_server, flows),
    ) as peer:
        yield GrpcExecutor(peer)


async def test_a_state_comes_over_with_whole_numbers_whole(executor: GrpcExecutor) -> None:
    state = await executor.state(organization_id=ORGANIZATION, phone_number=PHONE)

    assert state.variables == {"bolos": 2, "preço": 2.5, "lista": [1, {"a": None}], "nome": "Bia", "sim": True}
    assert isinstance(state.variables["bolos"], int)
    assert (state.created_at, state.last_message_at, state.current_node_id) == (MOMENT, None, None)
    assert (state.execution_path, state.is_active, state.is_closed) == (("start",), True, False)


@pytest.mark.parametrize(("flow_id", "is_active"), [(None, None), (FLOW, False), (None, True)])
async def test_filters_that_are_not_set_are_not_sent(
    executor: GrpcExecutor, states: States, flow_id: UUID | None, is_active: bool | None
) -> None:
    page = await executor.list_states(
        organization_id=ORGANIZATION, skip=1, limit=2, flow_id=flow_id, is_active=is_active
    )

    (asked,) = states.asked
    assert (page.total, len(page.states)) == (7, 1)
    assert (asked.organization_id, asked.skip, asked.limit) == (str(ORGANIZATION), 1, 2)
    assert asked.flow_id == (str(flow_id) if flow_id else "")
    assert asked.HasField("is_active") is (is_active is not None)


async def test_a_turn_without_a_flow_has_no_state(executor: GrpcExecutor) -> None:
    turn = await executor.turn(organization_id=ORGANIZATION, conversation_id="c", event_id="e")

    assert (turn.bot_responses, turn.state, turn.is_awaiting_input) == (("a", "b"), None, True)


async def test_reasons_come_over(executor: GrpcExecutor) -> None:
    with pytest.raises(FailedPrecondition) as pending:
        await executor.turn(organization_id=ORGANIZATION, conversation_id="c", event_id="pending")
    with pytest.raises(NotFound) as unknown:
        await executor.state(organization_id=ORGANIZATION, phone_number="1")

    assert pending.value.reason == errors_pb2.ERROR_REASON_TURN_PENDING
    assert unknown.value.reason == errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND


async def test_closing_and_flows_come_over(executor: GrpcExecutor) -> None:
    assert await executor.close(organization_id=ORGANIZATION, phone_number=PHONE) == MOMENT
    assert await executor.list_flows(organization_id=ORGANIZATION) == [Flow("f", "n", 2, None)]


class Reports(analytics_pb2_grpc.ReportsServicer):
    async def GetTranscript(self, request: Any, context: Any) -> analytics_pb2.GetTranscriptResponse:  # noqa: N802
        said = analytics_pb2.TranscriptMessage(record_id="r", speaker="user", text=request.phone_number)
        said.timestamp.FromDatetime(MOMENT)
        heard = analytics_pb2.TranscriptMessage(record_id="q", speaker="bot", text="oi", node_id="n")
        heard.timestamp.FromDatetime(MOMENT)
        return analytics_pb2.GetTranscriptResponse(messages=[said, heard], total=9)


async def test_a_transcript_comes_over() -> None:
    reports = Reports()  # type: ignore[abstract]  # serves only what is asked
    servicer = Servicer("pytake.analytics.v1.Reports", analytics_pb2_grpc.add_ReportsServicer_to_server, reports)
    async with peer_of("analytics", servicer) as peer:
        found = await GrpcAnalytics(peer).transcript(
            organization_id=ORGANIZATION, phone_number=PHONE, skip=0, limit=2, flow_id=None
        )

    assert found.total == 9
    assert found.lines == (Line("r", "user", PHONE, MOMENT, None), Line("q", "bot", "oi", MOMENT, "n"))


class Routing(router_pb2_grpc.RoutingServicer):
    async def SubmitTestMessage(self, request: Any, context: Any) -> router_pb2.SubmitTestMessageResponse:  # noqa: N802
        parts = (request.organization_id, request.phone_number, request.text, request.flow_id, request.event_id)
        return router_pb2.SubmitTestMessageResponse(conversation_id="|".join(parts))


@pytest.mark.parametrize("flow_id", [None, FLOW])
async def test_a_test_message_goes_over(flow_id: UUID | None) -> None:
    routing = Routing()  # type: ignore[abstract]  # serves only what is asked
    servicer = Servicer("pytake.router.v1.Routing", router_pb2_grpc.add_RoutingServicer_to_server, routing)
    async with peer_of("router", servicer) as peer:
        conversation_id = await GrpcRouter(peer).submit(
            organization_id=ORGANIZATION, phone_number=PHONE, text="oi", flow_id=flow_id, event_id="api:1"
        )

    assert conversation_id == f"{ORGANIZATION}|{PHONE}|oi|{flow_id or ''}|api:1"


async def test_what_a_room_noted_comes_over() -> None:
    log = MemoryLog("router")
    log.append(AuditEntry(ORGANIZATION, "number.put", "number:106", after=b"\xab" * 32, actor="operator"))
    (record,) = log.chains[ORGANIZATION]
    async with peer_of("router", audit_servicer(log)) as peer:
        (change,) = await GrpcAudit(peer).changes(organization_id=ORGANIZATION, limit=10, before=0)
        assert await GrpcAudit(peer).changes(organization_id=ORGANIZATION, limit=10, before=1) == []

    assert (change.room, change.seq, change.at) == ("router", 1, datetime(2026, 3, 4, 12, tzinfo=UTC))
    assert (change.actor, change.action, change.object) == ("operator", "number.put", "number:106")
    assert (change.before_digest, change.after_digest, change.hash) == (None, "ab" * 32, record.hash.hex())


async def test_a_room_that_is_away_is_unavailable() -> None:
    peer = Peer(PeerAddress("executor", "ipv4:127.0.0.1:1"), ServiceSigner("ingress", KEY))
    with pytest.raises(Unavailable, match="executor is out of reach"):
        async with asyncio.timeout(10):
            await GrpcExecutor(peer).list_flows(organization_id=ORGANIZATION)
    await peer.close()
