"""sender's messages and webhooks, as the REST API sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from uuid import UUID

from google.protobuf.json_format import ParseDict, ParseError

from services.chassis.errors import InvalidArgument
from services.chassis.rpc import Peer
from services.ingress.domain.outgoing import (
    ChangeView,
    DeskView,
    MessageFilter,
    MessagePage,
    MessageView,
    Outcome,
    OutgoingMessage,
    SendResult,
    Told,
    WantedWebhook,
    WebhookView,
)
from services.pb.common.v1 import content_pb2, errors_pb2, results_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

# A person waits for it; sender asks router before it answers.
_SECONDS = 6.0
# sender ends a stream after some 25 seconds.
_WATCH_SECONDS = 60.0


class GrpcMessages:
    """See ports.Messages."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._messages = peer.stub(sender_pb2_grpc.MessageServiceStub)

    async def send(self, *, organization_id: UUID, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        """Hand messages over; one result each."""
        request = sender_pb2.SendMessagesRequest(
            organization_id=str(organization_id), messages=[_wanted(n, each) for n, each in enumerate(messages)]
        )
        answer = await self._peer.call(self._messages.Send, request, seconds=_SECONDS)
        return [_result(result) for result in answer.results]

    async def one(self, *, organization_id: UUID, message_id: UUID) -> MessageView:
        """One message."""
        request = sender_pb2.GetMessageRequest(organization_id=str(organization_id), message_id=str(message_id))
        return _view((await self._peer.call(self._messages.Get, request, seconds=_SECONDS)).message)

    async def page(self, *, organization_id: UUID, chosen: MessageFilter, limit: int, cursor: str) -> MessagePage:
        """Messages, newest first."""
        request = sender_pb2.ListMessagesRequest(
            organization_id=str(organization_id),
            conversation_id=chosen.conversation_id,
            phone_number_id=chosen.phone_number_id,
            state=chosen.state,
            status=chosen.status,
            limit=limit,
            cursor=cursor,
        )
        if chosen.since is not None:
            request.since.FromDatetime(chosen.since)
        if chosen.until is not None:
            request.until.FromDatetime(chosen.until)
        answer = await self._peer.call(self._messages.List, request, seconds=_SECONDS)
        return MessagePage([_view(message) for message in answer.messages], answer.cursor)


class GrpcChanges:
    """See ports.Changes."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._messages = peer.stub(sender_pb2_grpc.MessageServiceStub)

    async def watch(
        self, *, organization_id: UUID, conversation_id: str, message_id: str, cursor: str
    ) -> AsyncIterator[Told]:
        """Changes after a cursor."""
        request = sender_pb2.WatchMessagesRequest(
            organization_id=str(organization_id), conversation_id=conversation_id, message_id=message_id, cursor=cursor
        )
        async for answer in self._peer.stream(self._messages.Watch, request, seconds=_WATCH_SECONDS):
            yield Told(answer.cursor, [*map(_change, answer.changes), *map(_desk, answer.desk_events)])


class GrpcWebhooks:
    """See ports.Webhooks."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._webhooks = peer.stub(sender_pb2_grpc.WebhooksStub)

    async def put(self, *, organization_id: UUID, wanted: WantedWebhook) -> tuple[WebhookView, str]:
        """Create or replace; the secret if one was made now."""
        request = sender_pb2.PutWebhookRequest(
            organization_id=str(organization_id),
            name=wanted.name,
            url=wanted.url,
            events=wanted.events,
            is_active=wanted.is_active,
            secret=wanted.secret,
            is_secret_renewed=wanted.is_secret_renewed,
        )
        answer = await self._peer.call(self._webhooks.PutWebhook, request, seconds=_SECONDS)
        return _webhook(answer.webhook), answer.secret

    async def all(self, *, organization_id: UUID) -> list[WebhookView]:
        """Webhooks by name."""
        request = sender_pb2.ListWebhooksRequest(organization_id=str(organization_id))
        answer = await self._peer.call(self._webhooks.ListWebhooks, request, seconds=_SECONDS)
        return [_webhook(webhook) for webhook in answer.webhooks]

    async def delete(self, *, organization_id: UUID, webhook_id: UUID) -> None:
        """Remove one."""
        request = sender_pb2.DeleteWebhookRequest(organization_id=str(organization_id), webhook_id=str(webhook_id))
        await self._peer.call(self._webhooks.DeleteWebhook, request, seconds=_SECONDS)


def _wanted(number: int, message: OutgoingMessage) -> sender_pb2.MessageToSend:
    try:
        content = ParseDict(dict(message.content), content_pb2.Content())
    except ParseError as error:
        # Its first line names the field; what was written there is not repeated.
        place = str(error).partition(":")[0]
        raise InvalidArgument(f"messages.{number}.content is no content of the contract ({place})") from None
    return sender_pb2.MessageToSend(
        idempotency_key=message.key,
        conversation_id=message.conversation_id,
        phone_number_id=message.phone_number_id,
        phone_number=message.phone_number,
        user_id=message.user_id,
        content=content,
        reply_to_wamid=message.reply_to,
    )


def _result(result: sender_pb2.SendResult) -> SendResult:
    outcomes: dict[int, Outcome] = {
        results_pb2.ITEM_OUTCOME_OK: "ok",
        results_pb2.ITEM_OUTCOME_DUPLICATE: "duplicate",
    }
    reason = errors_pb2.ErrorReason.Name(result.reason).removeprefix("ERROR_REASON_") if result.reason else ""
    return SendResult(
        outcome=outcomes.get(result.outcome, "invalid"),
        message_id=result.message_id,
        conversation_id=result.conversation_id,
        reason=reason,
        problem=result.problem,
        fields=[(each.field, each.problem) for each in result.fields],
    )


def _change(change: sender_pb2.MessageChange) -> ChangeView:
    return ChangeView(
        event_id=change.event_id,
        message_id=change.message_id,
        conversation_id=change.conversation_id,
        status=change.status,
        error_code=change.error_code,
        occurred_at=change.occurred_at.ToDatetime(UTC),
    )


def _desk(event: sender_pb2.DeskEvent) -> DeskView:
    return DeskView(
        event_id=event.event_id,
        event=event.event,
        conversation_id=event.conversation_id,
        phone_number_id=event.phone_number_id,
        entry_id=event.entry_id,
        queue_id=event.queue_id,
        department_id=event.department_id,
        from_queue_id=event.from_queue_id,
        agent_id=event.agent_id,
        how=event.how,
        sla_due_at=event.sla_due_at.ToDatetime(UTC) if event.HasField("sla_due_at") else None,
        occurred_at=event.occurred_at.ToDatetime(UTC),
    )


def _view(message: sender_pb2.MessageRecord) -> MessageView:
    return MessageView(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        phone_number_id=message.phone_number_id,
        state=message.state,
        status=message.status,
        attempts=message.attempts,
        wamids=list(message.wamids),
        is_maybe_duplicate=message.is_maybe_duplicate,
        error_code=message.error_code,
        error_text=message.error_text,
        created_at=message.created_at.ToDatetime(UTC),
    )


def _webhook(webhook: sender_pb2.Webhook) -> WebhookView:
    return WebhookView(
        webhook_id=webhook.webhook_id,
        name=webhook.name,
        url=webhook.url,
        events=list(webhook.events),
        is_active=webhook.is_active,
        created_at=webhook.created_at.ToDatetime(UTC),
    )
