"""Figures of an organization as a whole: its hours, its contacts, its chatbots, its agents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.ingress.domain.analytics import CampaignResults, Deliveries, Figures, NumberCosts, Overview
from services.ingress.domain.people import ChatbotView
from services.ingress.domain.queues import Agent

Interval = Literal["day", "hour"]
HOURS_OF_A_DAY = 24
MOST_PEAKS = 3
# What a wrong clock dated to long ago is told as it is, without all the days between.
_MOST_DAYS_FILLED = 3660


@dataclass(frozen=True, slots=True)
class HourFigures:
    """An hour of the week, of which 1 is Monday; `started` is how often a flow began."""

    weekday: int
    hour: int
    from_contacts: int
    from_bot: int
    started: int

    @property
    def messages(self) -> int:
        """Of both sides."""
        return self.from_contacts + self.from_bot


@dataclass(frozen=True, slots=True)
class BusyHours:
    """Hours of the week with messages or beginnings, in the organization's time zone."""

    time_zone: str
    hours: Sequence[HourFigures]

    def of_the_day(self) -> list[HourFigures]:
        """The 24 hours of a day, those of all weekdays together; their weekday is 0."""
        return [_sum(hour, [each for each in self.hours if each.hour == hour]) for hour in range(HOURS_OF_A_DAY)]

    def peaks(self) -> list[HourFigures]:
        """The hours of the day with most messages, at most three; none without a message."""
        busy = [hour for hour in self.of_the_day() if hour.messages]
        return sorted(busy, key=lambda hour: (-hour.messages, hour.hour))[:MOST_PEAKS]

    def messages_of(self, weekday: int) -> list[int]:
        """Messages by hour of a weekday."""
        found = {each.hour: each.messages for each in self.hours if each.weekday == weekday}
        return [found.get(hour, 0) for hour in range(HOURS_OF_A_DAY)]


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """A day, or an hour of it; of a whole day the hour is 0."""

    day: date
    hour: int
    from_contacts: int = 0
    from_bot: int = 0
    started: int = 0

    @property
    def messages(self) -> int:
        """Of both sides."""
        return self.from_contacts + self.from_bot


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Days or hours with messages or beginnings between two days, the last of which is today; `end` is now."""

    time_zone: str
    points: Sequence[SeriesPoint]
    first_day: date
    last_day: date
    end: datetime

    def today(self) -> int:
        """Messages of today."""
        return sum(point.messages for point in self.points if point.day == self.last_day)

    def filled(self, interval: Interval) -> list[SeriesPoint]:
        """All days or hours up to now, also those without anything."""
        found = {(point.day, point.hour): point for point in self.points}
        slots = set(found) | set(self._slots(interval))
        return [found.get(slot, SeriesPoint(*slot)) for slot in sorted(slots)]

    def _slots(self, interval: Interval) -> Iterable[tuple[date, int]]:
        day = max(self.first_day, self.last_day - timedelta(days=_MOST_DAYS_FILLED))
        while day <= self.last_day:
            for hour in range(self._hours_of(day) if interval == "hour" else 1):
                yield day, hour
            day += timedelta(days=1)

    def _hours_of(self, day: date) -> int:
        if day < self.last_day:
            return HOURS_OF_A_DAY
        return self.end.astimezone(ZoneInfo(self.time_zone)).hour + 1


@dataclass(frozen=True, slots=True)
class ContactDay:
    """Contacts with a message on a day, and those of them who had none before."""

    day: date
    active: int
    new: int


@dataclass(frozen=True, slots=True)
class Audience:
    """Contacts with a message in the period, new ones among them, and all there are; and days with messages."""

    active: int
    new: int
    total: int
    days: Sequence[ContactDay]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTotals:
    """A flow's figures; an empty id is what is in no flow. Durations are seconds."""

    flow_id: str = ""
    conversations: int = 0
    completed: int = 0
    finished: int = 0
    from_contacts: int = 0
    from_bot: int = 0
    handed_over: int = 0
    steps: int = 0
    average_duration: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFigures:
    """What an agent did; times are means in seconds, each with how many they are of."""

    agent_id: str
    taken: int = 0
    released: int = 0
    closed: int = 0
    transferred: int = 0
    first_responses: int = 0
    first_response: float = 0.0
    responses: int = 0
    response: float = 0.0
    handled: int = 0
    handling: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long contacts waited for an agent, over all agents: means in seconds."""

    first_response: float
    response: float

    @classmethod
    def over(cls, agents: Sequence[AgentFigures]) -> Waiting:
        """The means weighed by how many each is of."""
        return cls(
            _mean([(each.first_response, each.first_responses) for each in agents]),
            _mean([(each.response, each.responses) for each in agents]),
        )


@dataclass(frozen=True, slots=True)
class ChatbotTotals:
    """A chatbot with the figures of its flow."""

    chatbot: ChatbotView
    flow_name: str
    totals: FlowTotals


@dataclass(frozen=True, slots=True)
class Chatbots:
    """Chatbots, the flows that are none's main flow with their names, and all flows with what is in none.

    `names` are those of the flows that there are.
    """

    chatbots: Sequence[ChatbotTotals]
    others: Sequence[tuple[str, FlowTotals]]
    flows: Sequence[FlowTotals]
    names: Mapping[str, str]

    def taken_up(self) -> tuple[int, int]:
        """Messages of contacts that a flow took, and all."""
        every = sum(flow.from_contacts for flow in self.flows)
        return every - sum(flow.from_contacts for flow in self.flows if not flow.flow_id), every


@dataclass(frozen=True, slots=True)
class Team:
    """What agents did: those there are, and those who are gone, of whom nothing else is known."""

    agents: Sequence[tuple[Agent | None, AgentFigures]]

    @property
    def waiting(self) -> Waiting:
        """How long contacts waited."""
        return Waiting.over([figures for _, figures in self.agents])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Everything that is told of an organization at a glance."""

    overview: Overview
    hours: BusyHours
    series: Series
    audience: Audience
    chatbots: Chatbots
    team: Team
    deliveries: Deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """All reports of a period."""

    dashboard: Dashboard
    costs: Sequence[NumberCosts]
    campaigns: Sequence[CampaignResults]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFigures:
    """Messages of a period, of a flow or of all."""

    figures: Figures
    hours: BusyHours
    series: Series
    deliveries: Deliveries


def _sum(hour: int, hours: Sequence[HourFigures]) -> HourFigures:
    return HourFigures(
        0,
        hour,
        sum(each.from_contacts for each in hours),
        sum(each.from_bot for each in hours),
        sum(each.started for each in hours),
    )


def _mean(parts: Sequence[tuple[float, int]]) -> float:
    count = sum(number for _, number in parts)
    return round(sum(each * number for each, number in parts) / count, 2) if count else 0.0
