"""The shapes of analytics over REST (product contract, sections 1 and 11)."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import BaseModel, Field

from services.ingress.domain.analytics import (
    DayActivity,
    Figures,
    Heatmap,
    Overview,
    PeriodName,
    Segments,
    per_cent,
    ratio,
)
from services.ingress.domain.conversation import Transcript
from services.ingress.http.rest.models import BareTime

_FLOW_ID = "4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"


class OverviewMetrics(BaseModel):
    """Figures of conversations that began in the period, and of messages in it."""

    total_conversations: int = Field(description="Of a contact in a flow there is one: its latest.", examples=[42])
    active_conversations: int = Field(examples=[5])
    completed_conversations: int = Field(description="Not active any more.", examples=[37])
    total_messages: int = Field(description="Of both sides.", examples=[311])
    avg_messages_per_conversation: float = Field(examples=[7.4])
    avg_conversation_duration_minutes: float = Field(examples=[6.25])
    completion_rate_percent: float = Field(examples=[88.1])
    unique_phone_numbers: int = Field(description="Contacts with a message in the period.", examples=[40])


class FlowCompletion(BaseModel):
    """A flow's part."""

    flow_id: str = Field(examples=[_FLOW_ID])
    flow_name: str = Field(description="Empty for a flow that was deleted.", examples=["Encomendas"])
    total: int = Field(examples=[30])
    completed: int = Field(examples=[27])
    completion_rate: float = Field(description="In per cent.", examples=[90.0])


class ConversationAnalytics(BaseModel):
    """An organization's conversations in figures."""

    period: PeriodName = Field(examples=["7d"])
    metrics: OverviewMetrics
    by_flow: list[FlowCompletion] = Field(description="Most conversations first.")

    @classmethod
    def of(cls, period: PeriodName, found: Overview) -> ConversationAnalytics:
        """From an overview."""
        figures = found.figures
        return cls(
            period=period,
            metrics=OverviewMetrics(
                total_conversations=figures.conversations,
                active_conversations=figures.conversations - figures.completed,
                completed_conversations=figures.completed,
                total_messages=figures.messages,
                avg_messages_per_conversation=ratio(figures.messages, figures.conversations),
                avg_conversation_duration_minutes=round(figures.average_duration / 60, 2),
                completion_rate_percent=per_cent(figures.completed, figures.conversations),
                unique_phone_numbers=figures.contacts,
            ),
            by_flow=[
                FlowCompletion(
                    flow_id=flow.flow_id,
                    flow_name=flow.flow_name,
                    total=flow.conversations,
                    completed=flow.completed,
                    completion_rate=per_cent(flow.completed, flow.conversations),
                )
                for flow in found.flows
            ],
        )


class ReportPeriod(BaseModel):
    """Whole days, where the organization lives, up to now."""

    days: int = Field(examples=[30])
    start: BareTime = Field(description="In UTC.", examples=["2026-02-02T03:00:00"])
    end: BareTime = Field(description="In UTC.", examples=["2026-03-04T13:20:00"])


class ReportConversations(BaseModel):
    """Conversations that began in the period."""

    total: int = Field(examples=[40])
    completed: int = Field(examples=[31])
    active: int = Field(examples=[9])
    completion_rate: float = Field(description="In per cent.", examples=[77.5])
    unique_users: int = Field(description="Contacts with a message in the period.", examples=[38])


class ReportMessages(BaseModel):
    """Messages of the period."""

    total: int = Field(examples=[210])
    from_user: int = Field(examples=[100])
    from_bot: int = Field(examples=[110])
    average_per_conversation: float = Field(examples=[5.25])


class ReportDuration(BaseModel):
    """From the beginning to the end, or to the last message of what goes on."""

    average_seconds: float = Field(examples=[312.4])
    max_seconds: float = Field(examples=[2210.0])
    min_seconds: float = Field(examples=[4.0])


class FlowReport(BaseModel):
    """A flow in figures."""

    flow_id: str = Field(examples=[_FLOW_ID])
    period: ReportPeriod
    conversations: ReportConversations
    messages: ReportMessages
    duration: ReportDuration
    generated_at: BareTime = Field(description="In UTC.", examples=["2026-03-04T13:20:00"])

    @classmethod
    def of(cls, flow_id: str, days: int, figures: Figures) -> FlowReport:
        """From figures."""
        return cls(
            flow_id=flow_id,
            period=ReportPeriod(days=days, start=figures.start, end=figures.end),
            conversations=ReportConversations(
                total=figures.conversations,
                completed=figures.completed,
                active=figures.conversations - figures.completed,
                completion_rate=per_cent(figures.completed, figures.conversations),
                unique_users=figures.contacts,
            ),
            messages=ReportMessages(
                total=figures.messages,
                from_user=figures.from_contacts,
                from_bot=figures.from_bot,
                average_per_conversation=ratio(figures.messages, figures.conversations),
            ),
            duration=ReportDuration(
                average_seconds=figures.average_duration, max_seconds=figures.longest, min_seconds=figures.shortest
            ),
            generated_at=figures.end,
        )


class HeatmapNode(BaseModel):
    """Messages at a node."""

    node_id: str = Field(examples=["ask_flavour"])
    visits: int = Field(description="Messages it said, or that came while the contact stood there.", examples=[84])
    percentage: float = Field(description="Of all messages of the flow.", examples=[40.0])


class NodesHeatmap(BaseModel):
    """Where in a flow people are."""

    flow_id: str = Field(examples=[_FLOW_ID])
    period_days: int = Field(examples=[30])
    nodes: list[HeatmapNode] = Field(description="Most visited first.")
    total_visits: int = Field(description="All messages of the flow in the period.", examples=[210])

    @classmethod
    def of(cls, flow_id: str, days: int, found: Heatmap) -> NodesHeatmap:
        """From a heatmap."""
        nodes = [
            HeatmapNode(node_id=node_id, visits=visits, percentage=per_cent(visits, found.total))
            for node_id, visits in found.nodes
        ]
        return cls(flow_id=flow_id, period_days=days, nodes=nodes, total_visits=found.total)


class ActiveDay(BaseModel):
    """A day with messages, where the organization lives."""

    date: datetime.date = Field(examples=["2026-03-04"])
    messages: int = Field(examples=[31])
    unique_users: int = Field(examples=[9])


class DailyActivity(BaseModel):
    """A flow by day."""

    flow_id: str = Field(examples=[_FLOW_ID])
    period_days: int = Field(examples=[30])
    daily_activity: list[ActiveDay] = Field(description="Ascending; days without a message are left out.")

    @classmethod
    def of(cls, flow_id: str, days: int, found: list[DayActivity]) -> DailyActivity:
        """From days."""
        return cls(
            flow_id=flow_id,
            period_days=days,
            daily_activity=[
                ActiveDay(date=each.day, messages=each.messages, unique_users=each.contacts) for each in found
            ],
        )


class Segment(BaseModel):
    """A part of a flow's contacts."""

    count: int = Field(examples=[2])
    percentage: float = Field(examples=[5.26])
    description: str = Field(examples=["20+ messages"])

    @classmethod
    def of(cls, count: int, total: int, description: str) -> Segment:
        """With its share."""
        return cls(count=count, percentage=per_cent(count, total), description=description)


class SegmentSet(BaseModel):
    """Nobody is in two of them."""

    power_users: Segment
    active_users: Segment
    inactive_users: Segment


class UserSegments(BaseModel):
    """How much contacts write in a flow, of all time."""

    flow_id: str = Field(examples=[_FLOW_ID])
    total_users: int = Field(examples=[38])
    segments: SegmentSet

    @classmethod
    def of(cls, flow_id: str, found: Segments) -> UserSegments:
        """From segments."""
        total = found.contacts
        return cls(
            flow_id=flow_id,
            total_users=total,
            segments=SegmentSet(
                power_users=Segment.of(found.power, total, "20+ messages"),
                active_users=Segment.of(found.active, total, "5-19 messages"),
                inactive_users=Segment.of(total - found.power - found.active, total, "1-4 messages"),
            ),
        )


class SpokenLine(BaseModel):
    """One message."""

    speaker: Literal["user", "bot"]
    text: str = Field(examples=["Quero um bolo"])
    timestamp: BareTime = Field(description="In UTC.", examples=["2026-03-04T13:18:31"])
    node_id: str | None = Field(examples=["ask_flavour"])


class FlowTranscript(BaseModel):
    """What a contact and the bot said in a flow."""

    phone_number: str = Field(description="Digits with the country code.", examples=["5511987654321"])
    flow_id: str = Field(examples=[_FLOW_ID])
    message_count: int = Field(description="All of them, also when more were said than are told here.", examples=[2])
    started_at: BareTime = Field(description="In UTC.", examples=["2026-03-04T13:18:31"])
    ended_at: BareTime = Field(description="In UTC.", examples=["2026-03-04T13:20:00"])
    messages: list[SpokenLine] = Field(description="Oldest first, at most 10,000.")

    @classmethod
    def of(cls, phone_number: str, flow_id: str, found: Transcript) -> FlowTranscript:
        """From a transcript that is not empty."""
        return cls(
            phone_number=phone_number,
            flow_id=flow_id,
            message_count=found.total,
            started_at=found.lines[0].timestamp,
            ended_at=found.lines[-1].timestamp,
            messages=[
                SpokenLine(speaker=line.speaker, text=line.text, timestamp=line.timestamp, node_id=line.node_id)
                for line in found.lines
            ],
        )
