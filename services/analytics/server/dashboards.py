"""Figures of an organization as a whole, as protobuf."""

from __future__ import annotations

from collections.abc import Sequence

from services.analytics.domain.dashboards import (
    AgentFigures,
    ContactFigures,
    FlowTotals,
    HourFigures,
    SeriesPoint,
)
from services.analytics.domain.figures import mean
from services.analytics.server.answers import period_of
from services.analytics.usecases import LocalPeriod
from services.pb.analytics.v1 import analytics_pb2

_SECOND_US = 1_000_000


def hours(local: LocalPeriod, found: Sequence[HourFigures]) -> analytics_pb2.GetBusyHoursResponse:
    """Hours of the week."""
    return analytics_pb2.GetBusyHoursResponse(
        period=period_of(local.period),
        time_zone=local.time_zone,
        hours=[
            analytics_pb2.HourFigures(
                weekday=each.weekday,
                hour=each.hour,
                contact_messages=each.contact_messages,
                bot_messages=each.bot_messages,
                started=each.started,
            )
            for each in found
        ],
    )


def series(local: LocalPeriod, found: Sequence[SeriesPoint]) -> analytics_pb2.GetMessageSeriesResponse:
    """Days or hours, and between which days they lie."""
    first = local.period.first_day or (found[0].day if found else local.today)
    return analytics_pb2.GetMessageSeriesResponse(
        period=period_of(local.period),
        time_zone=local.time_zone,
        points=[
            analytics_pb2.SeriesPoint(
                date=each.day.isoformat(),
                hour=each.hour,
                contact_messages=each.contact_messages,
                bot_messages=each.bot_messages,
                started=each.started,
            )
            for each in found
        ],
        first_date=first.isoformat(),
        last_date=local.today.isoformat(),
    )


def contacts(local: LocalPeriod, found: ContactFigures) -> analytics_pb2.GetContactFiguresResponse:
    """Contacts of a period and of its days."""
    return analytics_pb2.GetContactFiguresResponse(
        period=period_of(local.period),
        active_contacts=found.active,
        new_contacts=found.new,
        total_contacts=found.total,
        days=[
            analytics_pb2.ContactDay(date=each.day.isoformat(), active_contacts=each.active, new_contacts=each.new)
            for each in found.days
        ],
    )


def flows(local: LocalPeriod, found: Sequence[FlowTotals]) -> analytics_pb2.GetFlowTotalsResponse:
    """Flows side by side."""
    return analytics_pb2.GetFlowTotalsResponse(
        period=period_of(local.period),
        flows=[
            analytics_pb2.FlowTotals(
                flow_id=str(each.flow_id or ""),
                conversations=each.conversations,
                completed=each.completed,
                finished=each.finished,
                contact_messages=each.contact_messages,
                bot_messages=each.bot_messages,
                handed_over=each.handed_over,
                steps=each.steps,
                average_seconds=mean(each.duration_us / _SECOND_US, each.completed),
            )
            for each in found
        ],
    )


def agents(local: LocalPeriod, found: Sequence[AgentFigures]) -> analytics_pb2.GetAgentFiguresResponse:
    """What agents did."""
    return analytics_pb2.GetAgentFiguresResponse(
        period=period_of(local.period),
        agents=[
            analytics_pb2.AgentFigures(
                agent_id=str(each.agent_id),
                taken=each.taken,
                released=each.released,
                closed=each.closed,
                transferred=each.transferred,
                first_responses=each.first_responses,
                first_response_seconds=mean(each.first_response_us / _SECOND_US, each.first_responses),
                responses=each.responses,
                response_seconds=mean(each.response_us / _SECOND_US, each.responses),
                handling_seconds=mean(each.held_us / _SECOND_US, each.handled),
                handled=each.handled,
            )
            for each in found
        ],
    )
