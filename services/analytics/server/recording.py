"""Records come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_never

from grpc import aio

from services.analytics.domain.path import path_text
from services.analytics.domain.record import Record, RecordKind
from services.analytics.server.ids import uuid_of, uuid_or_none
from services.analytics.usecases import Kept, Outcome, Refused
from services.chassis.errors import InvalidArgument
from services.chassis.queue import Batcher
from services.pb.analytics.v1 import analytics_pb2, analytics_pb2_grpc
from services.pb.common.v1 import results_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

KINDS = {
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
    analytics_pb2.RECORD_KIND_MOVED: RecordKind.MOVED,
    analytics_pb2.RECORD_KIND_ASSIGNED: RecordKind.ASSIGNED,
    analytics_pb2.RECORD_KIND_UNASSIGNED: RecordKind.UNASSIGNED,
}

# Copied into each answer that holds them.
_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
_DUPLICATE = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_DUPLICATE)


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


def _read(message: analytics_pb2.Record) -> Record | Refused:
    kind = KINDS.get(message.kind)
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
        organization_id=uuid_of("organization_id", message.organization_id),
        occurred_at=_EPOCH + timedelta(microseconds=message.occurred_at_us),
        record_id=message.record_id,
        sequence=message.sequence,
        kind=kind,
        conversation_id=uuid_of("conversation_id", message.conversation_id),
        phone_number=message.phone_number,
        flow_id=uuid_or_none("flow_id", message.flow_id),
        node_id=message.node_id,
        # Postgres keeps no U+0000; what somebody wrote is kept as far as it can be.
        text=message.text.replace("\x00", "\ufffd"),
        status=message.status,
        error_code=message.error_code,
        flow_version=message.flow_version,
        time_zone=message.time_zone,
        path=path_text(message.path) if message.path else "",
        phone_number_id=message.phone_number_id,
        answered_after_us=message.answered_after_us,
        former_status=message.former_status,
        pricing_category=message.pricing_category,
        pricing_type=message.pricing_type,
        campaign_id=uuid_or_none("campaign_id", message.campaign_id),
        campaign_try=message.campaign_try,
        agent_id=uuid_or_none("agent_id", message.agent_id),
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
