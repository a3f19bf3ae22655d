"""The shapes of an organization's figures at a glance (product contract, section 11: the names it keeps)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from pydantic import BaseModel, Field

from services.ingress.domain.analytics import Deliveries, PeriodName, per_cent, ratio
from services.ingress.domain.dashboards import (
    Audience,
    BusyHours,
    Dashboard,
    HourFigures,
    Interval,
    MessageFigures,
    Series,
)
from services.ingress.http.rest.figure_models import DeliveredNumber, FailureCode
from services.ingress.http.rest.models import Time

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ZONE = "America/Sao_Paulo"


class HourMessages(BaseModel):
    """Messages in an hour of the day."""

    hour: int = Field(ge=0, le=23, description="Where the organization lives.", examples=[14])
    messages: int = Field(description="Of both sides.", examples=[61])

    @classmethod
    def all_of(cls, hours: Sequence[HourFigures]) -> list[HourMessages]:
        """From hours."""
        return [cls(hour=hour.hour, messages=hour.messages) for hour in hours]


class StatusCounts(BaseModel):
    """Conversations by what became of them; together they are all."""

    active: int = Field(description="They go on.", examples=[5])
    finished: int = Field(description="They came to an end of their flow.", examples=[30])
    dropped: int = Field(description="They were over before: expired, closed, given up.", examples=[7])


class DashboardOverview(BaseModel):
    """An organization at a glance. Rates are in per cent, times in seconds; 0 where there is nothing to divide by."""

    period: PeriodName = Field(examples=["7d"])
    start: Time = Field(examples=["2026-02-25T03:00:00Z"])
    end: Time = Field(examples=["2026-03-04T13:20:00Z"])
    time_zone: str = Field(description="The zone that days and hours are of.", examples=[_ZONE])
    total_conversations: int = Field(description="Of a contact in a flow there is one: its latest.", examples=[42])
    conversations_by_status: StatusCounts
    total_messages: int = Field(description="Of both sides.", examples=[311])
    messages_from_user: int = Field(examples=[150])
    messages_from_bot: int = Field(examples=[161])
    messages_today: int = Field(description="Of both sides, since midnight.", examples=[24])
    messages_by_hour: list[HourMessages] = Field(description="All 24 hours of the day.")
    peak_hours: list[HourMessages] = Field(description="The hours with most messages, at most three.")
    total_contacts: int = Field(description="All contacts who ever had a message.", examples=[310])
    active_contacts: int = Field(description="With a message in the period.", examples=[40])
    new_contacts: int = Field(description="Of them, those who had none before.", examples=[12])
    returning_contacts: int = Field(description="Of them, the others.", examples=[28])
    avg_completion_rate: float = Field(description="Conversations that are over, of all.", examples=[88.1])
    resolution_rate: float = Field(
        description="Conversations that came to an end of their flow, of all.", examples=[71.43]
    )
    handoff_rate: float = Field(description="Hand-overs to people, of conversations.", examples=[11.9])
    response_rate: float = Field(
        description="Messages of contacts that a flow took; the others came while no flow was there to answer.",
        examples=[97.33],
    )
    avg_conversation_steps: float = Field(description="How many nodes a conversation comes to.", examples=[6.4])
    avg_first_response_time_seconds: float = Field(
        description="From when a contact is to have a person until the first agent has the conversation.",
        examples=[61.0],
    )
    avg_response_time_seconds: float = Field(
        description="The same of every time a contact waited for an agent, also after a transfer.", examples=[74.5]
    )
    message_delivery_rate: float = Field(description="Delivered, of accepted by Meta.", examples=[98.5])
    message_read_rate: float = Field(description="Read, of delivered.", examples=[80.2])

    @classmethod
    def of(cls, period: PeriodName, found: Dashboard) -> DashboardOverview:
        """From everything at a glance."""
        figures, waiting = found.overview.figures, found.team.waiting
        delivery = DeliverySums.of(found.deliveries)
        return cls(
            period=period,
            start=figures.start,
            end=figures.end,
            time_zone=found.hours.time_zone,
            total_conversations=figures.conversations,
            conversations_by_status=StatusCounts(
                active=figures.conversations - figures.completed,
                finished=figures.finished,
                dropped=figures.completed - figures.finished,
            ),
            total_messages=figures.messages,
            messages_from_user=figures.from_contacts,
            messages_from_bot=figures.from_bot,
            messages_today=found.series.today(),
            messages_by_hour=HourMessages.all_of(found.hours.of_the_day()),
            peak_hours=HourMessages.all_of(found.hours.peaks()),
            total_contacts=found.audience.total,
            active_contacts=found.audience.active,
            new_contacts=found.audience.new,
            returning_contacts=found.audience.active - found.audience.new,
            avg_completion_rate=per_cent(figures.completed, figures.conversations),
            resolution_rate=per_cent(figures.finished, figures.conversations),
            handoff_rate=per_cent(figures.handed_over, figures.conversations),
            response_rate=per_cent(*found.chatbots.taken_up()),
            avg_conversation_steps=ratio(sum(flow.steps for flow in found.chatbots.flows), figures.conversations),
            avg_first_response_time_seconds=waiting.first_response,
            avg_response_time_seconds=waiting.response,
            message_delivery_rate=delivery.message_delivery_rate,
            message_read_rate=delivery.message_read_rate,
        )


class HourActivity(BaseModel):
    """What happened in an hour of the day."""

    hour: int = Field(ge=0, le=23, examples=[14])
    conversations: int = Field(description="How often a flow began; who comes back begins again.", examples=[9])
    messages: int = Field(description="Of both sides.", examples=[61])
    from_user: int = Field(examples=[29])
    from_bot: int = Field(examples=[32])


class WeekdayActivity(BaseModel):
    """Messages on a day of the week."""

    weekday: str = Field(examples=["monday"])
    messages: list[int] = Field(
        min_length=24, max_length=24, description="Of each hour, 0 to 23.", examples=[[0] * 8 + [3, 9, 12] + [0] * 13]
    )


class HourlyConversations(BaseModel):
    """When an organization is busy."""

    period: PeriodName = Field(examples=["7d"])
    time_zone: str = Field(description="The zone that hours are of.", examples=[_ZONE])
    hours: list[HourActivity] = Field(description="All 24 hours of the day.")
    weekdays: list[WeekdayActivity] = Field(description="Monday to Sunday.")
    peak_hours: list[HourMessages] = Field(description="The hours with most messages, at most three.")

    @classmethod
    def of(cls, period: PeriodName, found: BusyHours) -> HourlyConversations:
        """From busy hours."""
        return cls(
            period=period,
            time_zone=found.time_zone,
            hours=[
                HourActivity(
                    hour=each.hour,
                    conversations=each.started,
                    messages=each.messages,
                    from_user=each.from_contacts,
                    from_bot=each.from_bot,
                )
                for each in found.of_the_day()
            ],
            weekdays=[
                WeekdayActivity(weekday=name, messages=found.messages_of(number))
                for number, name in enumerate(WEEKDAYS, start=1)
            ],
            peak_hours=HourMessages.all_of(found.peaks()),
        )


class DeliverySums(BaseModel):
    """What became of messages."""

    accepted: int = Field(description="By Meta.", examples=[400])
    delivered: int = Field(description="To a phone.", examples=[394])
    read: int = Field(examples=[310])
    failed: int = Field(examples=[6])
    message_delivery_rate: float = Field(description="Delivered of accepted, in per cent.", examples=[98.5])
    message_read_rate: float = Field(description="Read of delivered, in per cent.", examples=[78.68])

    @classmethod
    def of(cls, found: Deliveries) -> DeliverySums:
        """Of all numbers together."""
        accepted = sum(number.accepted for number in found.numbers)
        delivered = sum(number.delivered for number in found.numbers)
        read = sum(number.read for number in found.numbers)
        return cls(
            accepted=accepted,
            delivered=delivered,
            read=read,
            failed=sum(number.failed for number in found.numbers),
            message_delivery_rate=per_cent(delivered, accepted),
            message_read_rate=per_cent(read, delivered),
        )


class MessageReport(BaseModel):
    """Messages of flows, and what became of all messages that were sent."""

    period: PeriodName = Field(examples=["7d"])
    total_messages: int = Field(description="Of both sides.", examples=[311])
    from_user: int = Field(examples=[150])
    from_bot: int = Field(examples=[161])
    messages_today: int = Field(description="Of both sides, since midnight.", examples=[24])
    avg_messages_per_conversation: float = Field(examples=[7.4])
    messages_by_hour: list[HourMessages] = Field(description="All 24 hours of the day.")
    delivery: DeliverySums
    by_number: list[DeliveredNumber] = Field(description="Busiest first.")
    failures: list[FailureCode] = Field(description="By Meta's code, most first.")

    @classmethod
    def of(cls, period: PeriodName, found: MessageFigures) -> MessageReport:
        """From messages and what became of them."""
        figures, deliveries = found.figures, found.deliveries
        return cls(
            period=period,
            total_messages=figures.messages,
            from_user=figures.from_contacts,
            from_bot=figures.from_bot,
            messages_today=found.series.today(),
            avg_messages_per_conversation=ratio(figures.messages, figures.conversations),
            messages_by_hour=HourMessages.all_of(found.hours.of_the_day()),
            delivery=DeliverySums.of(deliveries),
            by_number=[DeliveredNumber.of(number) for number in deliveries.numbers],
            failures=[FailureCode(error_code=code, messages=messages) for code, messages in deliveries.failures],
        )


class PointInTime(BaseModel):
    """A day, or an hour of it."""

    date: datetime.date = Field(examples=["2026-03-04"])
    hour: int | None = Field(description="Of the day, 0 to 23; null where points are days.", examples=[None])
    messages: int = Field(description="Of both sides.", examples=[31])
    from_user: int = Field(examples=[15])
    from_bot: int = Field(examples=[16])
    conversations: int = Field(description="How often a flow began; who comes back begins again.", examples=[4])


class MessageSeries(BaseModel):
    """Messages over time."""

    period: PeriodName = Field(examples=["7d"])
    interval: Interval = Field(examples=["day"])
    time_zone: str = Field(description="The zone that days and hours are of.", examples=[_ZONE])
    points: list[PointInTime] = Field(description="Ascending up to now, also those without a message.")

    @classmethod
    def of(cls, period: PeriodName, interval: Interval, found: Series) -> MessageSeries:
        """From a series."""
        return cls(
            period=period,
            interval=interval,
            time_zone=found.time_zone,
            points=[
                PointInTime(
                    date=point.day,
                    hour=point.hour if interval == "hour" else None,
                    messages=point.messages,
                    from_user=point.from_contacts,
                    from_bot=point.from_bot,
                    conversations=point.started,
                )
                for point in found.filled(interval)
            ],
        )


class ContactsOfDay(BaseModel):
    """Contacts of a day."""

    date: datetime.date = Field(examples=["2026-03-04"])
    active_contacts: int = Field(description="With a message.", examples=[9])
    new_contacts: int = Field(description="Of them, those who had none before.", examples=[3])
    returning_contacts: int = Field(description="Of them, the others.", examples=[6])


class ContactReport(BaseModel):
    """Contacts who wrote or were written to by a flow."""

    period: PeriodName = Field(examples=["7d"])
    total_contacts: int = Field(description="All who ever had a message.", examples=[310])
    active_contacts: int = Field(description="With a message in the period.", examples=[40])
    new_contacts: int = Field(description="Of them, those who had none before.", examples=[12])
    returning_contacts: int = Field(description="Of them, the others.", examples=[28])
    avg_messages_per_contact: float = Field(description="Of both sides.", examples=[7.78])
    by_day: list[ContactsOfDay] = Field(description="Ascending; days without a message are left out.")

    @classmethod
    def of(cls, period: PeriodName, found: Audience, messages: int) -> ContactReport:
        """From contacts and their messages."""
        return cls(
            period=period,
            total_contacts=found.total,
            active_contacts=found.active,
            new_contacts=found.new,
            returning_contacts=found.active - found.new,
            avg_messages_per_contact=ratio(messages, found.active),
            by_day=[
                ContactsOfDay(
                    date=each.day,
                    active_contacts=each.active,
                    new_contacts=each.new,
                    returning_contacts=each.active - each.new,
                )
                for each in found.days
            ],
        )
