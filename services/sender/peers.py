"""Whom sender calls: ingress, analytics and executor with what it knows, router for conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson

from services.chassis.clock import Monotonic
from services.chassis.errors import PytakeError
from services.chassis.queue import StoredItem, deliver_bundles, payloads_of
from services.chassis.rpc import Peer
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import errors_pb2, results_pb2
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.sender.domain.campaigns import Recipient as CampaignRecipient
from services.sender.domain.changes import Change, News
from services.sender.domain.delivery import Delivery
from services.sender.domain.desk import PREFIX, read_written
from services.sender.ports.campaigns import AudiencePage
from services.sender.ports.teams import Conversation, NoConversation, Recipient

# Nothing that could settle a doubt may be on its way: the oldest status not yet applied is younger than this …
OLDEST_STATUS_MS = 2000
# … and the door has been open this long, so that Meta had time to come back to it.
DOOR_OPEN_MS = 8000

# Somebody waits for it.
_OPEN_SECONDS = 3.0
# Contacts in one page of an audience.
_CONTACTS = 500
_WATERMARK_SECONDS = 2.0
_INGEST_SECONDS = 2.5
_SUBMIT_SECONDS = 2.5
# One call carries some hundred kilobytes of records (the largest message is 4 MiB); after this long no call begins, so
# that the last one ends before the leases do.
_RECORDS_PER_CALL = 2000
_ALL_SECONDS = 2.5
_TAKEN = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
_LATER = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_RETRY, retry_after_ms=50)
# One answer serves the lanes that ask about the same time.
_SHARED_SECONDS = 0.25


class IngressWatermark:
    """Asks ingress whether every status has been applied (ports.Watermark); one call serves all who wait for it."""

    def __init__(self, peer: Peer, monotonic: Monotonic) -> None:
        self._peer = peer
        self._intake = peer.stub(ingress_pb2_grpc.IntakeStub)
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._answer = False
        self._asked_at = float("-inf")

    async def is_clear(self) -> bool:
        """Whether a doubt that is old enough may be ended; False as well when ingress cannot be asked."""
        async with self._lock:
            if self._monotonic() - self._asked_at > _SHARED_SECONDS:
                asked_at = self._monotonic()
                self._answer = await self._ask()
                self._asked_at = asked_at
            return self._answer

    async def _ask(self) -> bool:
        try:
            answer = await self._peer.call(
                self._intake.GetWatermark, ingress_pb2.GetWatermarkRequest(), seconds=_WATERMARK_SECONDS
            )
        except PytakeError:
            return False
        return answer.oldest_unapplied_status_ms < OLDEST_STATUS_MS and answer.door_open_ms > DOOR_OPEN_MS


def record_bytes(delivery: Delivery) -> bytes:
    """A delivery as analytics takes it."""
    message = delivery.message
    record = analytics_pb2.Record(
        organization_id=str(message.organization_id),
        record_id=delivery.record_id,
        occurred_at_us=delivery.occurred_at_us,
        kind=analytics_pb2.RECORD_KIND_DELIVERY,
        conversation_id=str(message.lane_id),
        phone_number=message.recipient_wa_id,
        flow_id=message.flow_id,
        node_id=message.node_id,
        status=delivery.status,
        error_code=delivery.error_code,
        sequence=delivery.sequence,
        phone_number_id=message.phone_number_id,
        former_status=delivery.former_status,
    )
    # Most have neither: protobuf takes its time for every argument.
    if delivery.price.is_told:
        record.pricing_category, record.pricing_type = delivery.price
    if message.campaign_id is not None:
        record.campaign_id, record.campaign_try = str(message.campaign_id), message.campaign_try
    return record.SerializeToString()


def news_of(item: StoredItem) -> Sequence[News]:
    """What an item of the records' lanes tells."""
    if not _is_desk(item):
        return [change for record in payloads_of(item) if (change := change_of(record)) is not None]
    try:
        return [read_written(item.payload)]
    except ValueError:
        return []


def _is_desk(item: StoredItem) -> bool:
    return item.event_id.startswith(PREFIX)


def change_of(record: bytes) -> Change | None:
    """A delivery as `record_bytes` wrote it; None for what is none."""
    told = analytics_pb2.Record.FromString(record)
    kind, _, rest = told.record_id.partition(":")
    message_id, _, status = rest.partition(":")
    try:
        if kind != "delivery":
            return None
        return Change(
            event_id=told.record_id,
            message_id=UUID(message_id),
            lane_id=UUID(told.conversation_id),
            status=status,
            error_code=told.error_code,
            occurred_at_us=told.occurred_at_us,
        )
    except ValueError:
        return None


class RouterConversations:
    """See ports.teams.Conversations."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._addresses = peer.stub(router_pb2_grpc.AddressesStub)

    async def open(
        self, *, organization_id: UUID, recipients: Sequence[Recipient]
    ) -> list[Conversation | NoConversation]:
        """See Conversations."""
        request = router_pb2.OpenConversationsRequest(organization_id=str(organization_id))
        for recipient in recipients:
            request.addressees.add(
                conversation_id=str(recipient.conversation_id or ""),
                phone_number_id=recipient.phone_number_id,
                phone_number=recipient.phone_number,
                user_id=recipient.user_id,
            )
        answer = await self._peer.call(self._addresses.OpenConversations, request, seconds=_OPEN_SECONDS)
        return [_conversation(each) for each in answer.conversations]


def _conversation(told: router_pb2.OpenConversation) -> Conversation | NoConversation:
    if told.reason != errors_pb2.ERROR_REASON_UNSPECIFIED:
        return NoConversation(told.reason, told.problem)
    return Conversation(
        conversation_id=UUID(told.conversation_id),
        phone_number_id=told.phone_number_id,
        wa_id=told.wa_id,
        user_id=told.user_id,
        window_expires_at=told.window_expires_at,
        has_refused=told.opt_in == router_pb2.OPT_IN_REFUSED,
    )


class RouterAudiences:
    """See ports.campaigns.Audiences. A contact's name and attributes are its parameters."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._contacts = peer.stub(router_pb2_grpc.ContactsStub)

    async def page(
        self, *, organization_id: UUID, tags: Sequence[str], attributes: Mapping[str, str], cursor: str
    ) -> AudiencePage:
        """See Audiences."""
        request = router_pb2.ListByFilterRequest(
            organization_id=str(organization_id), tags=tags, attributes=attributes, cursor=cursor, limit=_CONTACTS
        )
        answer = await self._peer.call(self._contacts.ListByFilter, request, seconds=_OPEN_SECONDS)
        named = [contact for contact in answer.contacts if contact.wa_id or contact.user_id]
        return AudiencePage([_recipient(contact) for contact in named], answer.cursor)

    async def replies(self, *, organization_id: UUID, awaited: Mapping[UUID, int]) -> int:
        """See Audiences."""
        request = router_pb2.CountRepliesRequest(organization_id=str(organization_id))
        for conversation_id, since in awaited.items():
            request.awaited.add(conversation_id=str(conversation_id), since=since)
        answer = await self._peer.call(self._contacts.CountReplies, request, seconds=_OPEN_SECONDS)
        return int(answer.replies)


def _recipient(contact: router_pb2.AudienceContact) -> CampaignRecipient:
    told = {name: value for name, value in orjson.loads(contact.attributes or b"{}").items() if value is not None}
    parameters = {"name": contact.name} | {
        name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in told.items()
    }
    who = contact.wa_id or contact.user_id
    return CampaignRecipient(recipient=who, is_user_id=not contact.wa_id, parameters=parameters)


def failure_bytes(delivery: Delivery) -> bytes:
    """A message of a flow that did not arrive, as executor takes it: an event of its conversation."""
    message = delivery.message
    return executor_pb2.ConversationEvent(
        organization_id=str(message.organization_id),
        conversation_id=str(message.lane_id),
        event_id=f"failed:{message.message_id}",
        failed_delivery=executor_pb2.FailedDelivery(
            flow_id=message.flow_id,
            node_id=message.node_id,
            code=delivery.error_code,
            message_id=str(message.message_id),
        ),
    ).SerializeToString()


class ExecutorSubmit:
    """Hands events of conversations to executor; the two Delivers of a relay.

    The peer must not repeat calls on its own: executor is told of every repeat.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._execution = peer.stub(executor_pb2_grpc.ExecutionStub)

    async def first(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """What was not handed over before; one result per item. Raises PytakeError."""
        return await self._submit(items, is_repeat=False)

    async def again(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """What may have been handed over before; one result per item. Raises PytakeError."""
        return await self._submit(items, is_repeat=True)

    async def _submit(self, items: Sequence[StoredItem], *, is_repeat: bool) -> Sequence[results_pb2.ItemResult]:
        events = [executor_pb2.ConversationEvent.FromString(item.payload) for item in items]
        request = executor_pb2.SubmitRequest(events=events, is_repeat=is_repeat)
        answer = await self._peer.call(self._execution.Submit, request, seconds=_SUBMIT_SECONDS)
        return answer.results


class AnalyticsIngest:
    """Hands delivery records to analytics; the Deliver of a relay whose items are bundles."""

    def __init__(self, peer: Peer, monotonic: Monotonic) -> None:
        self._peer = peer
        self._recording = peer.stub(analytics_pb2_grpc.RecordingStub)
        self._monotonic = monotonic

    async def __call__(self, items: Sequence[StoredItem]) -> Sequence[results_pb2.ItemResult]:
        """One result per item. Raises PytakeError. Events of the desk only travel along; executor tells analytics."""
        results = iter(await deliver_bundles([item for item in items if not _is_desk(item)], self._ingest))
        return [_TAKEN if _is_desk(item) else next(results) for item in items]

    async def _ingest(self, payloads: Sequence[bytes]) -> Sequence[results_pb2.ItemResult]:
        """Call by call; what does not fit in the time of the lanes' leases is to be brought again."""
        results: list[results_pb2.ItemResult] = []
        ends_at = self._monotonic() + _ALL_SECONDS
        for start in range(0, len(payloads), _RECORDS_PER_CALL):
            if start and self._monotonic() > ends_at:
                return [*results, *[_LATER] * (len(payloads) - start)]
            records = map(analytics_pb2.Record.FromString, payloads[start : start + _RECORDS_PER_CALL])
            request = analytics_pb2.IngestRequest(records=records)
            answer = await self._peer.call(self._recording.Ingest, request, seconds=_INGEST_SECONDS)
            results += answer.results
        return results
