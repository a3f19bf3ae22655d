"""protobuf ⇄ domain for Recording and Reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import assert_never
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.analytics.domain.counting import Messages
from services.analytics.domain.record import Record, RecordKind
from services.analytics.domain.report import Counts, TranscriptMessage
from services.analytics.usecases import Kept, Outcome, Privacy, Refused, Reports
from services.chassis.errors import InvalidArgument
from services.chassis.queue import Batcher, export_page_of, progress_of
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import results_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_KINDS = {
    analytics_pb2.RECORD_KIND_CONTACT_MESSAGE: RecordKind.CONTACT_MESSAGE,
    analytics_pb2.RECORD_KIND_BOT_MESSAGE: RecordKind.BOT_MESSAGE,
    analytics_pb2.RECORD_KIND_FLOW_STARTED: RecordKind.FLOW_STARTED,
    analytics_pb2.RECORD_KIND_FLOW_ENDED: RecordKind.FLOW_ENDED,
    analytics_pb2.RECORD_KIND_INVALID_ANSWER: RecordKind.INVALID_ANSWER,
    analytics_pb2.RECORD_KIND_LIMIT_REACHED: RecordKind.LIMIT_REACHED,
    analytics_pb2.RECORD_KIND_DELIVERY: RecordKind.DELIVERY,
    analytics_pb2.RECORD_KIND_FLOW_EVENT: RecordKind.FLOW_EVENT,
    analytics_pb2.RECORD_KIND_HANDED_OVER: RecordKind.HANDED_OVER,
    analytics_pb2.RECORD_KIND_TAKEN: RecordKind.TAKEN,
    analytics_pb2.RECORD_KIND_RELEASED: RecordKind.RELEASED,
    analytics_pb2.RECORD_KIND_EFFECT_FAILED: RecordKind.EFFECT_FAILED,
}

# Copied into each answer that holds them.
_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
_DUPLICATE = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_DUPLICATE)

# A conversation's records come from two rooms in several calls, an organization's and a flow's in nearly every one.
_REMEMBERED_IDS = 16_384


class RecordingServer(analytics_pb2_grpc.RecordingServicer):
    """Where records go in; the records of concurrent calls are stored together."""

    def __init__(self, recording: Batcher[Record, Outcome]) -> None:
        self._recording = recording

    async def Ingest(
        self,
        request: analytics_pb2.IngestRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.IngestResponse:
        """Stores records; one that cannot be read is INVALID alone."""
        readings = [_read(message) for message in request.records]
        records = [reading for reading in readings if isinstance(reading, Record)]
        kept = iter(await self._recording.submit(records) if records else ())
        outcomes = [next(kept) if isinstance(reading, Record) else reading for reading in readings]
        return analytics_pb2.IngestResponse(results=[_as_result(outcome) for outcome in outcomes])


class ReportsServer(analytics_pb2_grpc.ReportsServicer):
    """What was recorded, for people."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    async def GetTranscript(
        self,
        request: analytics_pb2.GetTranscriptRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetTranscriptResponse:
        """The messages of a contact, oldest first."""
        transcript = await self._reports.transcript(
            organization_id=_uuid("organization_id", request.organization_id),
            phone_number=request.phone_number,
            flow_id=_uuid_or_none("flow_id", request.flow_id),
            skip=request.skip,
            limit=request.limit,
        )
        messages = [_as_message(message) for message in transcript.messages]
        return analytics_pb2.GetTranscriptResponse(messages=messages, total=transcript.total)

    async def GetCounts(
        self,
        request: analytics_pb2.GetCountsRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.GetCountsResponse:
        """Counts per conversation, flow and node."""
        counts = await self._reports.counts(
            organization_id=_uuid("organization_id", request.organization_id),
            flow_id=_uuid_or_none("flow_id", request.flow_id),
        )
        return _as_counts(counts)


class PrivacyServer(analytics_pb2_grpc.PrivacyServicer):
    """What analytics keeps of people."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    async def EraseContact(
        self,
        request: analytics_pb2.EraseContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.EraseContactResponse:
        """Removes records, some days at a time."""
        cleared = await self._privacy.erase(
            organization_id=_uuid("organization_id", request.organization_id),
            job_id=_uuid("job_id", request.job_id),
            conversation_ids=[_uuid("conversation_ids", each) for each in request.conversation_ids],
            since=request.since.ToDatetime(UTC),
            cursor=request.cursor,
        )
        return analytics_pb2.EraseContactResponse(progress=progress_of(cleared))

    async def ExportContact(
        self,
        request: analytics_pb2.ExportContactRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.ExportContactResponse:
        """Records by time, page by page."""
        page = await self._privacy.page(
            organization_id=_uuid("organization_id", request.organization_id),
            conversation_ids=[_uuid("conversation_ids", each) for each in request.conversation_ids],
            since=request.since.ToDatetime(UTC),
            cursor=request.cursor,
        )
        return analytics_pb2.ExportContactResponse(page=export_page_of(page, lambda _, payload: payload.hex()))

    async def Expire(
        self,
        request: analytics_pb2.ExpireRequest,
        context: aio.ServicerContext,  # type: ignore[type-arg]  # the types of request and response are named here
    ) -> analytics_pb2.ExpireResponse:
        """Removes a batch of old records."""
        if not request.HasField("before"):
            raise InvalidArgument("before is not set; give the moment before which things are old")
        cleared = await self._privacy.expire(
            organization_id=_uuid("organization_id", request.organization_id),
            job_id=_uuid("job_id", request.job_id),
            before=request.before.ToDatetime(UTC),
        )
        return analytics_pb2.ExpireResponse(progress=progress_of(cleared))


def _read(message: analytics_pb2.Record) -> Record | Refused:
    kind = _KINDS.get(message.kind)
    if kind is None:
        return Refused(f"kind is {message.kind}; use one of RecordKind but UNSPECIFIED")
    if message.occurred_at_us <= 0:
        return Refused("occurred_at_us is not set; give the microseconds since 1970")
    try:
        return _as_record(message, kind)
    except InvalidArgument as error:
        return Refused(error.sentence)
    except OverflowError:
        return Refused("occurred_at_us is beyond the year 9999; give microseconds")


def _as_record(message: analytics_pb2.Record, kind: RecordKind) -> Record:
    return Record(
        organization_id=_uuid("organization_id", message.organization_id),
        occurred_at=_EPOCH + timedelta(microseconds=message.occurred_at_us),
        record_id=message.record_id,
        sequence=message.sequence,
        kind=kind,
        conversation_id=_uuid("conversation_id", message.conversation_id),
        phone_number=message.phone_number,
        flow_id=_uuid_or_none("flow_id", message.flow_id),
        node_id=message.node_id,
        # Postgres keeps no U+0000; what somebody wrote is kept as far as it can be.
        text=message.text.replace("\x00", "\ufffd"),
        status=message.status,
        error_code=message.error_code,
    )


def _as_result(outcome: Outcome) -> results_pb2.ItemResult:
    match outcome:
        case Kept.NEW:
            return _OK
        case Kept.REPEATED:
            return _DUPLICATE
        case Refused(reason):
            return results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_INVALID, reason=reason)
        case _:
            assert_never(outcome)


def _as_message(message: TranscriptMessage) -> analytics_pb2.TranscriptMessage:
    timestamp = Timestamp()
    timestamp.FromDatetime(message.occurred_at)
    return analytics_pb2.TranscriptMessage(
        record_id=message.record_id,
        speaker=message.speaker.value,
        text=message.text,
        timestamp=timestamp,
        node_id=message.node_id,
    )


def _as_counts(counts: Counts) -> analytics_pb2.GetCountsResponse:
    conversations = [_as_count(str(count.conversation_id), "", count.messages) for count in counts.conversations]
    flows = [_as_count(str(count.flow_id), "", count.messages) for count in counts.flows]
    nodes = [_as_count(count.node_id, str(count.flow_id or ""), count.messages) for count in counts.nodes]
    return analytics_pb2.GetCountsResponse(conversations=conversations, flows=flows, nodes=nodes)


def _as_count(identity: str, flow_id: str, messages: Messages) -> analytics_pb2.Count:
    return analytics_pb2.Count(
        id=identity, flow_id=flow_id, contact_messages=messages.contact, bot_messages=messages.bot
    )


@lru_cache(_REMEMBERED_IDS)
def _remembered_uuid(text: str) -> UUID:
    return UUID(text)


def _uuid(field: str, text: str) -> UUID:
    try:
        return _remembered_uuid(text)
    except ValueError:
        raise InvalidArgument(f"{field} is {text[:40]!r}; give a UUID") from None


def _uuid_or_none(field: str, text: str) -> UUID | None:
    return _uuid(field, text) if text else None
