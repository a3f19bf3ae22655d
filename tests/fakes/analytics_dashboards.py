"""Figures of an organization as a whole, told plainly: each is counted anew from all records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from uuid import UUID

from services.analytics.domain.dashboards import (
    AgentFigures,
    ContactDay,
    ContactFigures,
    FlowTotals,
    HourFigures,
    SeriesPoint,
)
from services.analytics.domain.days import hour_there
from services.analytics.domain.record import Record, RecordKind
from tests.fakes.analytics_recount import RecountedReports, contact_of, day_of, edges_of

_MESSAGES = {RecordKind.CONTACT_MESSAGE, RecordKind.BOT_MESSAGE}
_COUNTED = (RecordKind.CONTACT_MESSAGE, RecordKind.BOT_MESSAGE, RecordKind.FLOW_STARTED)


class RecountedDashboards:
    """ports.DashboardStore over what `log` gives."""

    def __init__(self, log: Callable[[], Iterable[Record]]) -> None:
        self._log = log
        self._reports = RecountedReports(log)

    async def hours(
        self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None
    ) -> Sequence[HourFigures]:
        return [
            HourFigures(weekday, hour, *_counts(found))
            for (weekday, hour), found in self._slots(
                organization_id, flow_id, first_day, lambda record: (day_of(record).isoweekday(), _hour(record))
            )
        ]

    async def series(
        self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None, is_by_hour: bool
    ) -> Sequence[SeriesPoint]:
        return [
            SeriesPoint(date.fromordinal(day), hour, *_counts(found))
            for (day, hour), found in self._slots(
                organization_id,
                flow_id,
                first_day,
                lambda record: (day_of(record).toordinal(), _hour(record) if is_by_hour else 0),
            )
        ]

    async def contacts(self, *, organization_id: UUID, first_day: date | None) -> ContactFigures:
        by_contact: dict[str, set[date]] = {}
        for record in self._of(organization_id, None):
            if record.kind in _MESSAGES:
                by_contact.setdefault(contact_of(record), set()).add(day_of(record))
        days = sorted({day for written in by_contact.values() for day in written if _is_since(day, first_day)})
        return ContactFigures(
            sum(any(_is_since(day, first_day) for day in written) for written in by_contact.values()),
            sum(_is_since(min(written), first_day) for written in by_contact.values()),
            len(by_contact),
            [
                ContactDay(
                    day,
                    sum(day in written for written in by_contact.values()),
                    sum(day == min(written) for written in by_contact.values()),
                )
                for day in days
            ],
        )

    async def flows(self, *, organization_id: UUID, first_day: date | None) -> Sequence[FlowTotals]:
        found: list[FlowTotals] = []
        for flow_id in {record.flow_id for record in self._of(organization_id, None)}:
            told = [record for record in self._since(organization_id, first_day) if record.flow_id == flow_id]
            kinds = Counter(record.kind for record in told)
            totals = FlowTotals(
                flow_id=flow_id,
                contact_messages=kinds[RecordKind.CONTACT_MESSAGE],
                bot_messages=kinds[RecordKind.BOT_MESSAGE],
                handed_over=kinds[RecordKind.HANDED_OVER],
                steps=sum(len(edges_of(record)) for record in told if record.kind is not RecordKind.DELIVERY),
                **(await self._conversations(organization_id, flow_id, first_day)),
            )
            if totals != FlowTotals(flow_id=flow_id):
                found.append(totals)
        return sorted(found, key=lambda each: (-each.conversations, str(each.flow_id or UUID(int=0))))

    async def agents(self, *, organization_id: UUID, first_day: date | None) -> Sequence[AgentFigures]:
        by_agent: dict[UUID, list[Record]] = {}
        for record in self._since(organization_id, first_day):
            if record.agent_id and record.kind in (RecordKind.ASSIGNED, RecordKind.UNASSIGNED):
                by_agent.setdefault(record.agent_id, []).append(record)
        found = [_agent(agent_id, told) for agent_id, told in by_agent.items()]
        return sorted(found, key=lambda each: (-each.taken, str(each.agent_id)))

    async def _conversations(
        self, organization_id: UUID, flow_id: UUID | None, first_day: date | None
    ) -> dict[str, int]:
        if flow_id is None:
            return {}
        versions = await self._reports.versions(
            organization_id=organization_id, flow_id=flow_id, first_day=first_day or date.min
        )
        return {
            "conversations": sum(each.conversations for each in versions),
            "completed": sum(each.completed for each in versions),
            "finished": sum(each.finished for each in versions),
            "duration_us": sum(each.duration_us for each in versions),
        }

    def _slots(
        self,
        organization_id: UUID,
        flow_id: UUID | None,
        first_day: date | None,
        slot_of: Callable[[Record], tuple[int, int]],
    ) -> list[tuple[tuple[int, int], list[Record]]]:
        slots: dict[tuple[int, int], list[Record]] = {}
        for record in self._since(organization_id, first_day):
            if record.kind in _COUNTED and flow_id in (None, record.flow_id):
                slots.setdefault(slot_of(record), []).append(record)
        return sorted(slots.items())

    def _since(self, organization_id: UUID, first_day: date | None) -> list[Record]:
        return [record for record in self._of(organization_id, None) if _is_since(day_of(record), first_day)]

    def _of(self, organization_id: UUID, flow_id: UUID | None) -> list[Record]:
        return [
            record
            for record in self._log()
            if record.organization_id == organization_id and flow_id in (None, record.flow_id)
        ]


def _hour(record: Record) -> int:
    return hour_there(record.occurred_at, record.time_zone)


def _is_since(day: date, first_day: date | None) -> bool:
    return first_day is None or day >= first_day


def _counts(found: Sequence[Record]) -> tuple[int, int, int]:
    kinds = Counter(record.kind for record in found)
    return kinds[_COUNTED[0]], kinds[_COUNTED[1]], kinds[_COUNTED[2]]


def _agent(agent_id: UUID, told: Sequence[Record]) -> AgentFigures:
    left = [record for record in told if record.kind is RecordKind.UNASSIGNED]
    waits = [r for r in told if r.kind is RecordKind.ASSIGNED and r.answered_after_us > 0]
    firsts = [record.answered_after_us for record in waits if record.status == "first"]
    return AgentFigures(
        agent_id=agent_id,
        taken=len(told) - len(left),
        released=sum(record.text == "released" for record in left),
        closed=sum(record.text == "closed" for record in left),
        transferred=sum(record.text == "transferred" for record in left),
        first_responses=len(firsts),
        first_response_us=sum(firsts),
        responses=len(waits),
        response_us=sum(record.answered_after_us for record in waits),
        handled=len(left),
        held_us=sum(record.answered_after_us for record in left),
    )
