"""router.v1.Routing."""

from __future__ import annotations

import orjson
from grpc import aio

from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.message import Button, Message, Notice, Preference, Referral, Status
from services.router.domain.outcome import OK, Kind, Outcome
from services.router.usecases import RouteMessages, RouteStatuses, SubmitTestMessage
from services.router.usecases.fields import id_of, id_or_none
from services.router.usecases.trial_message import TrialMessage

_OUTCOMES: dict[Kind, results_pb2.ItemOutcome.ValueType] = {
    "ok": results_pb2.ITEM_OUTCOME_OK,
    "duplicate": results_pb2.ITEM_OUTCOME_DUPLICATE,
    "retry": results_pb2.ITEM_OUTCOME_RETRY,
    "invalid": results_pb2.ITEM_OUTCOME_INVALID,
    "unroutable": results_pb2.ITEM_OUTCOME_UNROUTABLE,
    "erased": results_pb2.ITEM_OUTCOME_ERASED,
}

_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)

_MOST_NAME = 256


class RoutingServer(router_pb2_grpc.RoutingServicer):
    """Messages, statuses and test messages."""

    def __init__(self, messages: RouteMessages, statuses: RouteStatuses, test_messages: SubmitTestMessage) -> None:
        self._messages = messages
        self._statuses = statuses
        self._test_messages = test_messages

    async def RouteMessages(
        self,
        request: router_pb2.RouteMessagesRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.RouteMessagesResponse:
        """One result a message."""
        messages = [read_message(message) for message in request.messages]
        outcomes = await self._messages.route(messages, is_repeat=request.is_repeat)
        return router_pb2.RouteMessagesResponse(results=[as_result(outcome) for outcome in outcomes])

    async def RouteStatuses(
        self,
        request: router_pb2.RouteStatusesRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.RouteStatusesResponse:
        """One result a status."""
        outcomes = await self._statuses.route([read_status(status) for status in request.statuses])
        return router_pb2.RouteStatusesResponse(results=[as_result(outcome) for outcome in outcomes])

    async def SubmitTestMessage(
        self,
        request: router_pb2.SubmitTestMessageRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # generic in stubs only
    ) -> router_pb2.SubmitTestMessageResponse:
        """The conversation it went into."""
        wanted = TrialMessage(
            organization_id=id_of("organization_id", request.organization_id),
            phone_number=request.phone_number,
            text=request.text,
            flow_id=id_or_none("flow_id", request.flow_id),
            event_id=request.event_id,
        )
        conversation_id = await self._test_messages.submit(wanted)
        return router_pb2.SubmitTestMessageResponse(conversation_id=str(conversation_id))


def read_message(message: events_pb2.InboundMessage) -> Message:
    """What router needs of a message, and the whole of it as it came."""
    name, kind = message.profile_name, message.kind
    return Message(
        event_id=message.event_id,
        phone_number_id=message.phone_number_id,
        kind=kind,
        wa_id=message.wa_id,
        user_id=message.user_id,
        parent_user_id=message.parent_user_id,
        profile_name=_storable(name) if name else "",
        sent_at=message.sent_at,
        received_at_ms=message.received_at_ms,
        text=message.text,
        is_flow_input=message.is_flow_input,
        signed_by=message.signed_by,
        notice=_read_notice(message.fields) if kind == "system" else None,
        source=message,
        waba_id=message.waba_id,
        button=Button(message.reply.id, message.reply.title) if kind == "button" else None,
        referral=_read_referral(message.referral) if message.HasField("referral") else None,
    )


def read_status(status: events_pb2.MessageStatus) -> Status:
    """What router needs of a status or of news, and the whole of it as it came."""
    return Status(
        phone_number_id=status.phone_number_id,
        message_id=status.message_id,
        signed_by=status.signed_by,
        source=status,
        waba_id=status.notice.waba_id or status.waba_id,
        is_news=status.HasField("notice"),
        preference=_preference(status.notice.preference) if status.notice.HasField("preference") else None,
        phone_number=status.notice.number.phone_number if status.notice.HasField("number") else "",
    )


def _preference(told: events_pb2.Preference) -> Preference:
    return Preference(told.wa_id, told.user_id, told.is_out)


def as_result(outcome: Outcome) -> results_pb2.ItemResult:
    """An outcome on the wire."""
    if outcome is OK:
        return _OK
    return results_pb2.ItemResult(
        outcome=_OUTCOMES[outcome.kind], retry_after_ms=outcome.retry_after_ms, reason=outcome.reason
    )


def _storable(name: str) -> str:
    """A name as Postgres can hold it; it is only ever shown, so it may be cut."""
    return name.replace("\0", "")[:_MOST_NAME]


def _read_referral(told: events_pb2.Referral) -> Referral:
    return Referral(told.source_id, told.source_type)


def _read_notice(fields: bytes) -> Notice | None:
    """The system part of the normal form; None when there is none to read."""
    try:
        document = orjson.loads(fields)
    except orjson.JSONDecodeError:
        return None
    system = document.get("system") if isinstance(document, dict) else None
    if not isinstance(system, dict):
        return None
    names = ("type", "previous", "current", "new_wa_id", "new_user_id")
    return Notice(*(value if isinstance(value := system.get(name), str) else "" for name in names))
