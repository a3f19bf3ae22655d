"""Whom ingress calls: router with what waits in its lanes; others for the REST API; all for people's rights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.queue import StoredItem
from services.chassis.rpc import Peer
from services.ingress.domain.audit import Change
from services.ingress.domain.conversation import Flow, Line, State, StatePage, Transcript, Turn
from services.ingress.peers.flows import GrpcFlows, flow_of
from services.ingress.peers.privacy import AnalyticsPrivacy, ExecutorPrivacy, RouterPrivacy, SenderPrivacy
from services.ingress.peers.queues import GrpcQueues
from services.ingress.peers.templates import GrpcTemplates
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import audit_pb2, audit_pb2_grpc, events_pb2, results_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc

__all__ = [
    "AnalyticsPrivacy",
    "ExecutorPrivacy",
    "GrpcAnalytics",
    "GrpcAudit",
    "GrpcExecutor",
    "GrpcFlows",
    "GrpcQueues",
    "GrpcRouter",
    "GrpcTemplates",
    "RouterPrivacy",
    "SenderPrivacy",
]

# Ends before the lanes' lease does (chassis.queue.lanes.LEASE_SECONDS).
CALL_SECONDS = 4.0
# A person waits for it.
REST_SECONDS = 3.0


class GrpcRouter:
    """router, as the relays see it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._routing = peer.stub(router_pb2_grpc.RoutingStub)

    async def route_messages(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """Hand messages over; one result per item."""
        return await self._route_messages(items, is_repeat=False)

    async def route_messages_again(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """Hand over messages that may have been handed over before; one result per item."""
        return await self._route_messages(items, is_repeat=True)

    async def _route_messages(
        self, items: Sequence[StoredItem], *, is_repeat: bool
    ) -> Sequence[results_pb2.ItemResult]:
        messages = [events_pb2.InboundMessage.FromString(item.payload) for item in items]
        request = router_pb2.RouteMessagesRequest(messages=messages, is_repeat=is_repeat)
        response = await self._peer.call(self._routing.RouteMessages, request, seconds=CALL_SECONDS)
        return response.results

    async def route_statuses(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """Hand statuses over; one result per item."""
        statuses = [events_pb2.MessageStatus.FromString(item.payload) for item in items]
        request = router_pb2.RouteStatusesRequest(statuses=statuses)
        response = await self._peer.call(self._routing.RouteStatuses, request, seconds=CALL_SECONDS)
        return response.results

    async def submit(
        self, *, organization_id: UUID, phone_number: str, text: str, flow_id: UUID | None, event_id: str
    ) -> str:
        """Put a text into a conversation in the contact's name; gives the conversation's id."""
        request = router_pb2.SubmitTestMessageRequest(
            organization_id=str(organization_id),
            phone_number=phone_number,
            text=text,
            flow_id=_text_of(flow_id),
            event_id=event_id,
        )
        response = await self._peer.call(self._routing.SubmitTestMessage, request, seconds=REST_SECONDS)
        return response.conversation_id


class GrpcExecutor:
    """executor, as the REST API sees it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._states = peer.stub(executor_pb2_grpc.StatesStub)
        self._flows = peer.stub(executor_pb2_grpc.FlowServiceStub)

    async def list_states(
        self,
        *,
        organization_id: UUID,
        skip: int,
        limit: int,
        flow_id: UUID | None,
        is_active: bool | None,
        cursor: str = "",
    ) -> StatePage:
        """States, latest message first."""
        request = executor_pb2.ListStatesRequest(
            organization_id=str(organization_id),
            skip=skip,
            limit=limit,
            flow_id=_text_of(flow_id),
            is_active=is_active,
            cursor=cursor,
        )
        response = await self._peer.call(self._states.ListStates, request, seconds=REST_SECONDS)
        return StatePage(tuple(_state(state) for state in response.states), response.total, response.cursor)

    async def state(self, *, organization_id: UUID, phone_number: str) -> State:
        """The active state of a phone number, or else its latest."""
        request = executor_pb2.GetStateRequest(organization_id=str(organization_id), phone_number=phone_number)
        return _state((await self._peer.call(self._states.GetState, request, seconds=REST_SECONDS)).state)

    async def turn(self, *, organization_id: UUID, conversation_id: str, event_id: str) -> Turn:
        """What an event brought about."""
        request = executor_pb2.GetTurnRequest(
            organization_id=str(organization_id), conversation_id=conversation_id, event_id=event_id
        )
        response = await self._peer.call(self._states.GetTurn, request, seconds=REST_SECONDS)
        state = _state(response.state) if response.HasField("state") else None
        return Turn(tuple(response.bot_responses), state, response.is_awaiting_input)

    async def close(self, *, organization_id: UUID, phone_number: str) -> datetime:
        """Close the active session."""
        request = executor_pb2.CloseStateRequest(organization_id=str(organization_id), phone_number=phone_number)
        response = await self._peer.call(self._states.CloseState, request, seconds=REST_SECONDS)
        return response.closed_at.ToDatetime(UTC)

    async def take(self, *, organization_id: UUID, phone_number: str) -> UUID:
        """Give a conversation to people."""
        request = executor_pb2.TakeConversationRequest(organization_id=str(organization_id), phone_number=phone_number)
        response = await self._peer.call(self._states.TakeConversation, request, seconds=REST_SECONDS)
        return UUID(response.conversation_id)

    async def release(self, *, organization_id: UUID, phone_number: str, is_unattended: bool) -> UUID:
        """Give a conversation back to the bot."""
        request = executor_pb2.ReleaseConversationRequest(
            organization_id=str(organization_id), phone_number=phone_number, is_unattended=is_unattended
        )
        response = await self._peer.call(self._states.ReleaseConversation, request, seconds=REST_SECONDS)
        return UUID(response.conversation_id)

    async def list_flows(self, *, organization_id: UUID) -> list[Flow]:
        """The organization's flows by name."""
        request = executor_pb2.ListFlowsRequest(organization_id=str(organization_id))
        response = await self._peer.call(self._flows.ListFlows, request, seconds=REST_SECONDS)
        return [flow_of(flow) for flow in response.flows]


class GrpcAnalytics:
    """analytics, as the REST API sees it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._reports = peer.stub(analytics_pb2_grpc.ReportsStub)

    async def transcript(
        self, *, organization_id: UUID, phone_number: str, skip: int, limit: int, flow_id: UUID | None
    ) -> Transcript:
        """What was said, oldest first."""
        request = analytics_pb2.GetTranscriptRequest(
            organization_id=str(organization_id),
            phone_number=phone_number,
            flow_id=_text_of(flow_id),
            skip=skip,
            limit=limit,
        )
        response = await self._peer.call(self._reports.GetTranscript, request, seconds=REST_SECONDS)
        return Transcript(tuple(_line(message) for message in response.messages), response.total)


class GrpcAudit:
    """The audit log of any room that ingress calls."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._audit = peer.stub(audit_pb2_grpc.AuditStub)

    async def changes(self, *, organization_id: UUID, limit: int, before: int) -> list[Change]:
        """Changes of an organization, newest first."""
        request = audit_pb2.ListAuditEventsRequest(organization_id=str(organization_id), limit=limit, before_seq=before)
        response = await self._peer.call(self._audit.ListAuditEvents, request, seconds=REST_SECONDS)
        return [_change(event) for event in response.events]


def _change(event: audit_pb2.AuditEvent) -> Change:
    return Change(
        room=event.room,
        seq=event.seq,
        at=event.at.ToDatetime(UTC),
        actor=event.actor,
        action=event.action,
        object=event.object,
        before_digest=event.before_digest.hex() or None,
        after_digest=event.after_digest.hex() or None,
        hash=event.hash.hex(),
    )


def _state(state: executor_pb2.State) -> State:
    return State(
        id=state.state_id,
        phone_number=state.phone_number,
        flow_id=state.flow_id,
        flow_name=state.flow_name,
        current_node_id=state.current_node_id or None,
        variables={name: _whole(value) for name, value in MessageToDict(state.variables).items()},
        execution_path=tuple(state.execution_path),
        is_active=state.is_active,
        is_closed=state.is_closed,
        messages_count=state.messages_count,
        last_message_at=_time(state.last_message_at),
        created_at=_time(state.created_at),
        session_expires_at=_time(state.session_expires_at),
    )


def _whole(value: object) -> object:
    """Struct knows doubles only: 2.0 was a 2."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list) else value


def _line(message: analytics_pb2.TranscriptMessage) -> Line:
    return Line(
        message.record_id,
        "user" if message.speaker == "user" else "bot",
        message.text,
        message.timestamp.ToDatetime(UTC),
        message.node_id or None,
    )


def _time(timestamp: Timestamp) -> datetime | None:
    """Protobuf's zero means that nobody set it."""
    return timestamp.ToDatetime(UTC) if timestamp.seconds or timestamp.nanos else None


def _text_of(value: UUID | None) -> str:
    return str(value) if value else ""
