"""The rooms router hands on to: executor takes messages, sender takes statuses, wishes and word of files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID, uuid5

import orjson

from services.chassis.errors import NotFound, Unavailable
from services.chassis.rpc import Peer
from services.pb.common.v1 import content_pb2, events_pb2, results_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.router.domain.choice import Reason
from services.router.domain.message import Message
from services.router.domain.opt_out import Consent
from services.router.domain.outcome import OK, RETRY_MILLISECONDS, Kind, Outcome
from services.router.ports import RoutedMessage, RoutedStatus
from services.router.ports.queues import OfflineNotice

_REASONS: dict[Reason, executor_pb2.StartReason.ValueType] = {
    "none": executor_pb2.START_REASON_UNSPECIFIED,
    "keyword": executor_pb2.START_REASON_KEYWORD,
    "number": executor_pb2.START_REASON_NUMBER,
    "chatbot": executor_pb2.START_REASON_CHATBOT,
    "fallback": executor_pb2.START_REASON_FALLBACK,
    "test": executor_pb2.START_REASON_TEST,
    "template_button": executor_pb2.START_REASON_TEMPLATE_BUTTON,
    "referral": executor_pb2.START_REASON_REFERRAL,
    "any": executor_pb2.START_REASON_ANY,
}

# Meta is asked while somebody waits, who gives up after six.
_PROOF_SECONDS = 5.0

_KINDS: dict[int, Kind] = {
    results_pb2.ITEM_OUTCOME_OK: "ok",
    results_pb2.ITEM_OUTCOME_DUPLICATE: "duplicate",
    results_pb2.ITEM_OUTCOME_RETRY: "retry",
    results_pb2.ITEM_OUTCOME_INVALID: "invalid",
    results_pb2.ITEM_OUTCOME_UNROUTABLE: "unroutable",
    results_pb2.ITEM_OUTCOME_ERASED: "erased",
}


class GrpcExecutor:
    """See ports.Executor. The peer must not repeat calls on its own: executor is told of every repeat."""

    def __init__(self, peer: Peer, *, seconds: float) -> None:
        self._peer = peer
        self._seconds = seconds
        self._stub = peer.stub(executor_pb2_grpc.ExecutionStub)

    async def submit(self, messages: Sequence[RoutedMessage], *, is_repeat: bool) -> Sequence[Outcome]:
        """See ports.Executor."""
        request = executor_pb2.SubmitRequest(is_repeat=is_repeat)
        for routed in messages:
            add_event(request, routed)
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            return await self._submit(request, self._seconds)
        except Unavailable:
            left = self._seconds - (loop.time() - started)
            # Perhaps another replica is there. Whoever took long is the caller's to come back to.
            if left < self._seconds / 2:
                raise
        request.is_repeat = True
        return await self._submit(request, left)

    async def _submit(self, request: executor_pb2.SubmitRequest, seconds: float) -> Sequence[Outcome]:
        response: executor_pb2.SubmitResponse = await self._peer.call(self._stub.Submit, request, seconds=seconds)
        return [read_result(result) for result in response.results]


class GrpcHands:
    """See ports.queues.Hands. Both count once under their key, so the peer may repeat them."""

    def __init__(self, peer: Peer, *, seconds: float) -> None:
        self._peer = peer
        self._seconds = seconds
        self._stub = peer.stub(executor_pb2_grpc.StatesStub)

    async def take(self, *, organization_id: UUID, conversation_id: UUID, key: str) -> None:
        """See ports.queues.Hands."""
        request = executor_pb2.TakeConversationRequest(
            organization_id=str(organization_id), conversation_id=str(conversation_id), key=key
        )
        with suppress(NotFound):
            await self._peer.call(self._stub.TakeConversation, request, seconds=self._seconds)

    async def release(self, *, organization_id: UUID, conversation_id: UUID, key: str, is_unattended: bool) -> bool:
        """See ports.queues.Hands."""
        request = executor_pb2.ReleaseConversationRequest(
            organization_id=str(organization_id),
            conversation_id=str(conversation_id),
            key=key,
            is_unattended=is_unattended,
        )
        try:
            await self._peer.call(self._stub.ReleaseConversation, request, seconds=self._seconds)
        except NotFound:
            return False
        return True


class GrpcSender:
    """See ports.Sender and ports.queues.Announcer."""

    def __init__(self, peer: Peer, *, seconds: float) -> None:
        self._peer = peer
        self._seconds = seconds
        self._stub = peer.stub(sender_pb2_grpc.DeliveryStub)

    async def apply_statuses(self, statuses: Sequence[RoutedStatus]) -> Sequence[Outcome]:
        """See ports.Sender."""
        request = sender_pb2.ApplyStatusesRequest()
        for routed in statuses:
            add_status(request, routed)
        response: sender_pb2.ApplyStatusesResponse = await self._peer.call(
            self._stub.ApplyStatuses,
            request,
            seconds=self._seconds,
        )
        return [read_result(result) for result in response.results]

    async def apply_notices(self, notices: Sequence[RoutedStatus | Consent]) -> Sequence[Outcome]:
        """See ports.Sender."""
        request = sender_pb2.ApplyNoticesRequest()
        for notice in notices:
            add_notice(request, notice)
        response: sender_pb2.ApplyNoticesResponse = await self._peer.call(
            self._stub.ApplyNotices,
            request,
            seconds=self._seconds,
        )
        return [read_result(result) for result in response.results]

    async def announce(self, notices: Sequence[OfflineNotice]) -> Sequence[Outcome]:
        """See ports.queues.Announcer."""
        messages = [
            sender_pb2.OutboundMessage(
                organization_id=str(each.organization_id),
                # The same on every try, so that it counts once.
                message_id=str(uuid5(each.entry_id, "offline")),
                conversation_id=str(each.conversation_id),
                phone_number_id=each.phone_number_id,
                recipient_wa_id=each.wa_id,
                recipient_user_id=each.user_id,
                content=content_pb2.Content(text=content_pb2.TextContent(body=each.text)),
                window_expires_at=each.window_expires_at,
            )
            for each in notices
        ]
        request = sender_pb2.EnqueueRequest(messages=messages)
        response: sender_pb2.EnqueueResponse = await self._peer.call(self._stub.Enqueue, request, seconds=self._seconds)
        return [read_result(result) for result in response.results]


def add_notice(request: sender_pb2.ApplyNoticesRequest, notice: RoutedStatus | Consent) -> None:
    """Tell sender of news: Meta's is passed on as it came, a person's word is written down."""
    item = request.notices.add(organization_id=str(notice.organization_id))
    if isinstance(notice, RoutedStatus):
        item.notice.CopyFrom(_status_of(notice).notice)
        if notice.about:
            item.notice.number.phone_number_id = notice.about
        return
    preference = item.notice.preference
    preference.wa_id, preference.user_id = notice.wa_id, notice.user_id
    preference.kind, preference.is_out = notice.kind, notice.is_out
    preference.said_at_ms, preference.source = notice.said_at_ms, notice.source
    if notice.confirmation is None:
        return
    confirmation = notice.confirmation
    item.confirmation.MergeFrom(
        sender_pb2.OutboundMessage(
            organization_id=str(notice.organization_id),
            message_id=str(confirmation.message_id),
            conversation_id=str(confirmation.conversation_id),
            phone_number_id=confirmation.phone_number_id,
            recipient_wa_id=notice.wa_id,
            recipient_user_id=notice.user_id,
            content=content_pb2.Content(text=content_pb2.TextContent(body=confirmation.text)),
            window_expires_at=confirmation.window_expires_at,
            is_confirmation=True,
        )
    )


class GrpcProof:
    """See ports.people.NumberProof: sender, which asks Meta."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = peer.stub(sender_pb2_grpc.CredentialsStub)

    async def prove(self, *, organization_id: UUID, phone_number_id: str, access_token: str) -> None:
        """See ports.people.NumberProof."""
        request = sender_pb2.ProveNumberRequest(
            organization_id=str(organization_id), phone_number_id=phone_number_id, access_token=access_token
        )
        await self._peer.call(self._stub.ProveNumber, request, seconds=_PROOF_SECONDS)


class GrpcFiles:
    """See ports.Files: sender, which fetches what an organization wants. What it is told twice it notes once."""

    def __init__(self, peer: Peer, *, seconds: float) -> None:
        self._peer = peer
        self._seconds = seconds
        self._stub = peer.stub(sender_pb2_grpc.ReceivedMediaStub)

    async def fetch(self, messages: Sequence[RoutedMessage]) -> Sequence[Outcome]:
        """See ports.Files."""
        request = sender_pb2.FetchReceivedMediaRequest(media=[_arrived(routed) for routed in messages])
        response: sender_pb2.FetchReceivedMediaResponse = await self._peer.call(
            self._stub.Fetch, request, seconds=self._seconds
        )
        return [read_result(result) for result in response.results]


def _arrived(routed: RoutedMessage) -> sender_pb2.ArrivedMedia:
    """What Meta said of a file; what it did not say, or said otherwise than as text, is left out."""
    source = routed.message.source
    fields = orjson.loads(source.fields) if isinstance(source, events_pb2.InboundMessage) and source.fields else {}
    media = fields.get("media") if isinstance(fields, dict) else None
    said = {name: value for name, value in (media or {}).items() if isinstance(value, str)}
    return sender_pb2.ArrivedMedia(
        organization_id=str(routed.conversation.organization_id),
        conversation_id=str(routed.conversation.conversation_id),
        event_id=routed.message.event_id,
        phone_number_id=routed.message.phone_number_id,
        kind=routed.message.kind,
        meta_media_id=said.get("id", ""),
        mime_type=said.get("mime_type", ""),
        sha256=said.get("sha256", ""),
    )


def add_event(request: executor_pb2.SubmitRequest, routed: RoutedMessage) -> None:
    """Tell executor of a message; the message itself is passed on as it came.

    Made in its place and copied once: a message given to a constructor is serialized and parsed again.
    """
    conversation, contact, choice = routed.conversation, routed.contact, routed.choice
    event = request.events.add(
        organization_id=str(conversation.organization_id),
        conversation_id=str(conversation.conversation_id),
        contact_id=str(contact.contact_id),
        event_id=routed.message.event_id,
        may_run_flow=choice.may_run_flow,
        start_flow_id=str(choice.flow_id) if choice.flow_id else "",
        start_reason=_REASONS[choice.reason],
        contact_wa_id=contact.wa_id,
        contact_user_id=contact.user_id,
        contact_name=contact.name,
        window_expires_at=conversation.window_expires_at,
        time_zone=routed.time_zone,
    )
    profile = contact.profile
    if profile.version:
        event.contact_attributes, event.contact_language = profile.attributes, profile.language
        event.contact_tags.extend(profile.tags)
        if profile.opted_in is not None:
            event.contact_opted_in = profile.opted_in
    source = routed.message.source
    event.message.CopyFrom(source if isinstance(source, events_pb2.InboundMessage) else _inbound(routed.message))


def add_status(request: sender_pb2.ApplyStatusesRequest, routed: RoutedStatus) -> None:
    """Tell sender of a status and its organization; the status itself is passed on as it came."""
    request.statuses.add(organization_id=str(routed.organization_id)).status.CopyFrom(_status_of(routed))


def _status_of(routed: RoutedStatus) -> events_pb2.MessageStatus:
    source = routed.status.source
    if not isinstance(source, events_pb2.MessageStatus):
        raise TypeError("a status comes from Meta, and nowhere else")
    return source


def read_result(result: results_pb2.ItemResult) -> Outcome:
    """A peer's result; one we do not know means that nobody knows, so the caller comes back."""
    kind = _KINDS.get(result.outcome, "retry")
    if kind == "ok":
        return OK
    retry_after_ms = (result.retry_after_ms or RETRY_MILLISECONDS) if kind == "retry" else 0
    return Outcome(kind, retry_after_ms, result.reason)


def _inbound(message: Message) -> events_pb2.InboundMessage:
    """A message that did not come from Meta."""
    return events_pb2.InboundMessage(
        event_id=message.event_id,
        phone_number_id=message.phone_number_id,
        message_id=message.event_id,
        kind=message.kind,
        wa_id=message.wa_id,
        sent_at=message.sent_at,
        text=message.text,
        is_flow_input=message.is_flow_input,
        received_at_ms=message.received_at_ms,
        fields=orjson.dumps(_normal_form(message)),
    )


def _normal_form(message: Message) -> dict[str, object]:
    """What ingress would have written of a text with this content."""
    return {
        "type": "message",
        "phone_number_id": message.phone_number_id,
        "id": message.event_id,
        "kind": message.kind,
        "from": message.wa_id,
        "timestamp": message.sent_at,
        "text": message.text,
        "dedupe_key": message.event_id,
        "flow_input": message.is_flow_input,
    }
