"""What was found, as protobuf."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from services.analytics.domain.counting import Messages
from services.analytics.domain.figures import (
    CampaignResults,
    DayActivity,
    Deliveries,
    Durations,
    Figures,
    FlowReport,
    Funnel,
    Heatmap,
    NumberCosts,
    Overview,
    Period,
    VersionFigures,
    mean,
    per_cent,
    wilson,
)
from services.analytics.domain.path import SEPARATOR
from services.analytics.domain.record import Record, RecordKind
from services.analytics.domain.report import Counts, LogPage, TranscriptMessage
from services.analytics.server.recording import KINDS
from services.analytics.usecases import cursor_of
from services.pb.analytics.v1 import analytics_pb2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US = 1_000_000
_NAMES: dict[RecordKind, analytics_pb2.RecordKind.ValueType] = {kind: number for number, kind in KINDS.items()}


def message(said: TranscriptMessage) -> analytics_pb2.TranscriptMessage:
    """One message."""
    return analytics_pb2.TranscriptMessage(
        record_id=said.record_id,
        speaker=said.speaker.value,
        text=said.text,
        timestamp=_time(said.occurred_at),
        node_id=said.node_id,
    )


def counts(found: Counts) -> analytics_pb2.GetCountsResponse:
    """Counts by conversation, flow and node."""
    conversations = [_count(str(count.conversation_id), "", count.messages) for count in found.conversations]
    flows = [_count(str(count.flow_id), "", count.messages) for count in found.flows]
    nodes = [_count(count.node_id, str(count.flow_id or ""), count.messages) for count in found.nodes]
    return analytics_pb2.GetCountsResponse(conversations=conversations, flows=flows, nodes=nodes)


def _count(identity: str, flow_id: str, messages: Messages) -> analytics_pb2.Count:
    return analytics_pb2.Count(
        id=identity, flow_id=flow_id, contact_messages=messages.contact, bot_messages=messages.bot
    )


def overview(period: Period, found: Overview) -> analytics_pb2.GetOverviewResponse:
    """An organization's figures."""
    return analytics_pb2.GetOverviewResponse(
        period=period_of(period),
        figures=_figures(found.figures),
        durations=_durations(found.durations),
        flows=[
            analytics_pb2.FlowFigures(
                flow_id=str(each.flow_id), conversations=each.conversations, completed=each.completed
            )
            for each in found.flows
        ],
    )


def flow_report(period: Period, found: FlowReport) -> analytics_pb2.GetFlowReportResponse:
    """A flow's figures."""
    return analytics_pb2.GetFlowReportResponse(
        period=period_of(period), figures=_figures(found.figures), durations=_durations(found.durations)
    )


def heatmap(found: Heatmap) -> analytics_pb2.GetNodeHeatmapResponse:
    """Messages by node."""
    nodes = [analytics_pb2.NodeVisits(node_id=node_id, visits=visits) for node_id, visits in found.nodes]
    return analytics_pb2.GetNodeHeatmapResponse(nodes=nodes, total_visits=found.total)


def days(found: Sequence[DayActivity]) -> analytics_pb2.GetDailyActivityResponse:
    """Days with messages."""
    return analytics_pb2.GetDailyActivityResponse(
        days=[
            analytics_pb2.DayActivity(date=each.day.isoformat(), messages=each.messages, contacts=each.contacts)
            for each in found
        ]
    )


def funnel(found: Funnel) -> analytics_pb2.GetFunnelResponse:
    """Where conversations went."""
    return analytics_pb2.GetFunnelResponse(
        nodes=[
            analytics_pb2.NodeFigures(
                node_id=each.node_id,
                entered=each.entered,
                left=each.left,
                finished=each.finished,
                dropped=each.dropped,
                invalid_answers=each.invalid_answers,
                contact_messages=each.contact_messages,
                handed_over=each.handed_over,
            )
            for each in found.nodes
        ],
        edges=[
            analytics_pb2.EdgeFigures(source=each.source, handle=each.handle, target=each.target, passed=each.passed)
            for each in found.edges
        ],
    )


def versions(found: Sequence[VersionFigures]) -> analytics_pb2.GetVersionsResponse:
    """Versions beside each other."""
    return analytics_pb2.GetVersionsResponse(versions=[_version(each) for each in found])


def deliveries(found: Deliveries) -> analytics_pb2.GetDeliveriesResponse:
    """What became of messages."""
    return analytics_pb2.GetDeliveriesResponse(
        numbers=[
            analytics_pb2.NumberDeliveries(
                phone_number_id=each.phone_number_id,
                accepted=each.accepted,
                delivered=each.delivered,
                read=each.read,
                failed=each.failed,
            )
            for each in found.numbers
        ],
        failures=[_failures_of(code, messages) for code, messages in found.failures],
    )


def costs(found: Sequence[NumberCosts]) -> analytics_pb2.GetCostsResponse:
    """What messages are charged as."""
    return analytics_pb2.GetCostsResponse(numbers=[_costs_of(each) for each in found])


def campaigns(found: Sequence[CampaignResults]) -> analytics_pb2.GetCampaignsResponse:
    """What became of campaigns' messages."""
    return analytics_pb2.GetCampaignsResponse(campaigns=[_results_of(each) for each in found])


def records(organization_id: str, page: LogPage) -> analytics_pb2.ListRecordsResponse:
    """A page of the log."""
    return analytics_pb2.ListRecordsResponse(
        records=[_record(organization_id, each) for each in page.records], cursor=cursor_of(page.following)
    )


def _record(organization_id: str, record: Record) -> analytics_pb2.Record:
    return analytics_pb2.Record(
        organization_id=organization_id,
        record_id=record.record_id,
        occurred_at_us=(record.occurred_at - _EPOCH) // _MICROSECOND,
        kind=_NAMES[record.kind],
        conversation_id=str(record.conversation_id),
        phone_number=record.phone_number,
        flow_id=str(record.flow_id or ""),
        node_id=record.node_id,
        text=record.text,
        status=record.status,
        error_code=record.error_code,
        sequence=record.sequence,
        flow_version=record.flow_version,
        path=record.path.split(SEPARATOR) if record.path else (),
        phone_number_id=record.phone_number_id,
        answered_after_us=record.answered_after_us,
        former_status=record.former_status,
        pricing_category=record.pricing_category,
        pricing_type=record.pricing_type,
        campaign_id=str(record.campaign_id or ""),
        campaign_try=record.campaign_try,
        agent_id=str(record.agent_id or ""),
    )


def _costs_of(number: NumberCosts) -> analytics_pb2.NumberCosts:
    return analytics_pb2.NumberCosts(
        phone_number_id=number.phone_number_id,
        delivered=number.delivered,
        billed=number.billed,
        free=number.free,
        unpriced=number.unpriced,
        charges=[
            analytics_pb2.ChargedMessages(
                pricing_category=each.pricing_category,
                pricing_type=each.pricing_type,
                calling_code=each.calling_code,
                messages=each.messages,
                is_billed=each.is_billed,
            )
            for each in number.charges
        ],
    )


def _results_of(campaign: CampaignResults) -> analytics_pb2.CampaignResults:
    return analytics_pb2.CampaignResults(
        campaign_id=str(campaign.campaign_id),
        sent=campaign.sent,
        delivered=campaign.delivered,
        read=campaign.read,
        failed=campaign.failed,
        retries=campaign.retries,
        delivery_rate=per_cent(campaign.delivered, campaign.sent),
        read_rate=per_cent(campaign.read, campaign.delivered),
        failures=[_failures_of(code, messages) for code, messages in campaign.failures],
        last_day=campaign.last_day.isoformat(),
    )


def _failures_of(code: int, messages: int) -> analytics_pb2.FailureCount:
    return analytics_pb2.FailureCount(error_code=code, messages=messages)


def _version(each: VersionFigures) -> analytics_pb2.VersionFigures:
    low, high = wilson(each.finished, each.completed)
    return analytics_pb2.VersionFigures(
        flow_version=each.flow_version,
        conversations=each.conversations,
        completed=each.completed,
        finished=each.finished,
        finish_rate=per_cent(each.finished, each.completed),
        finish_rate_low=low,
        finish_rate_high=high,
        average_seconds=mean(each.duration_us / _SECOND_US, each.completed),
    )


def period_of(period: Period) -> analytics_pb2.Period:
    """From its beginning to now."""
    return analytics_pb2.Period(start=_time(period.start), end=_time(period.end))


def _figures(figures: Figures) -> analytics_pb2.Figures:
    return analytics_pb2.Figures(
        conversations=figures.conversations,
        completed=figures.completed,
        finished=figures.finished,
        contact_messages=figures.contact_messages,
        bot_messages=figures.bot_messages,
        contacts=figures.contacts,
        invalid_answers=figures.invalid_answers,
        handed_over=figures.handed_over,
        contact_response_seconds=mean(figures.answered_after_us / _SECOND_US, figures.answers),
        agent_response_seconds=mean(figures.taken_after_us / _SECOND_US, figures.taken),
        limits_reached=figures.limits_reached,
        failed_effects=figures.failed_effects,
    )


def _durations(durations: Durations) -> analytics_pb2.Durations:
    return analytics_pb2.Durations(
        average_seconds=mean(durations.total_us / _SECOND_US, durations.count),
        max_seconds=round(durations.longest_us / _SECOND_US, 2),
        min_seconds=round(durations.shortest_us / _SECOND_US, 2),
    )


def _time(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
