"""Reports told plainly: each is counted anew from all records. Postgres, which counts as they come, must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from services.analytics.domain.calling import calling_code
from services.analytics.domain.counting import ACTIVE_MESSAGES, FINISHES, POWER_MESSAGES
from services.analytics.domain.days import day_number
from services.analytics.domain.figures import (
    CampaignResults,
    Charge,
    DayActivity,
    Deliveries,
    Durations,
    EdgeFigures,
    Figures,
    FlowFigures,
    FlowReport,
    Funnel,
    Heatmap,
    NodeFigures,
    NumberCosts,
    NumberDeliveries,
    Overview,
    Segments,
    VersionFigures,
)
from services.analytics.domain.path import SEPARATOR
from services.analytics.domain.record import Record, RecordKind

_EPOCH = date(1970, 1, 1)
_MESSAGES = {RecordKind.CONTACT_MESSAGE, RecordKind.BOT_MESSAGE}
_ARRIVED, _SEEN = ("delivered", "read", "played"), ("read", "played")
_SENT = ("accepted", "sent", *_ARRIVED)


def day_of(record: Record) -> date:
    """The day it was where the organization lives."""
    return _EPOCH + timedelta(days=day_number(record.occurred_at, record.time_zone))


def contact_of(record: Record) -> str:
    """Who it is about."""
    return record.phone_number or str(record.conversation_id)


@dataclass(frozen=True, slots=True)
class State:
    """A conversation in a flow: its latest beginning and, if that is later, its latest end."""

    flow_id: UUID
    conversation_id: UUID
    start: Record
    end: Record | None

    @property
    def is_finished(self) -> bool:
        return self.end is not None and self.end.text in FINISHES


class RecountedReports:
    """ports.ReportStore over what `log` gives."""

    def __init__(self, log: Callable[[], Iterable[Record]]) -> None:
        self._log = log

    async def time_zone(self, *, organization_id: UUID) -> str:
        told = [record for record in self._of(organization_id, None) if record.time_zone]
        return max(told, key=lambda record: record.occurred_at).time_zone if told else ""

    async def overview(self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> Overview:
        states = self._states(organization_id, flow_id, first_day)
        begun = Counter(state.flow_id for state in states)
        over = Counter(state.flow_id for state in states if state.end)
        flows = [FlowFigures(flow, count, over[flow]) for flow, count in begun.items()]
        flows.sort(key=lambda flow: (-flow.conversations, str(flow.flow_id)))
        durations = self._durations(organization_id, states)
        return Overview(
            self._figures(organization_id, flow_id, first_day, states),
            Durations(durations.count, durations.total_us),
            flows,
        )

    async def flow_report(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> FlowReport:
        states = self._states(organization_id, flow_id, first_day)
        figures = self._figures(organization_id, flow_id, first_day, states)
        return FlowReport(figures, self._durations(organization_id, states))

    async def heatmap(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Heatmap:
        said = self._said(organization_id, flow_id, first_day)
        nodes = Counter(record.node_id for record in said if record.node_id)
        return Heatmap(sorted(nodes.items(), key=lambda node: (-node[1], node[0])), len(said))

    async def days(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Sequence[DayActivity]:
        by_day: dict[date, list[Record]] = {}
        for record in self._said(organization_id, flow_id, first_day):
            by_day.setdefault(day_of(record), []).append(record)
        return [DayActivity(day, len(said), len(set(map(contact_of, said)))) for day, said in sorted(by_day.items())]

    async def segments(self, *, organization_id: UUID, flow_id: UUID) -> Segments:
        counts = Counter(map(contact_of, self._said(organization_id, flow_id, None))).values()
        return Segments(
            len(counts),
            sum(count >= ACTIVE_MESSAGES for count in counts),
            sum(count >= POWER_MESSAGES for count in counts),
        )

    async def funnel(self, *, organization_id: UUID, flow_id: UUID, first_day: date, flow_version: int) -> Funnel:
        found = [
            record
            for record in self._since(organization_id, flow_id, first_day)
            if flow_version in (0, record.flow_version) and record.kind is not RecordKind.DELIVERY
        ]
        edges = Counter(edge for record in found for edge in edges_of(record))
        nodes = {record.node_id for record in found if record.node_id} | {
            node for source, _, target in edges for node in (source, target) if node
        }
        figures = [_node(node, found, edges) for node in nodes]
        return Funnel(
            sorted(figures, key=lambda node: (-node.entered, node.node_id)),
            [EdgeFigures(*edge, passed) for edge, passed in sorted(edges.items(), key=lambda one: (-one[1], one[0]))],
        )

    async def versions(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Sequence[VersionFigures]:
        by_version: dict[int, list[State]] = {}
        for state in self._states(organization_id, flow_id, first_day):
            by_version.setdefault(state.start.flow_version, []).append(state)
        return [
            VersionFigures(
                version,
                len(states),
                sum(state.end is not None for state in states),
                sum(state.is_finished for state in states),
                sum(_lasted(state) for state in states),
            )
            for version, states in sorted(by_version.items())
        ]

    async def deliveries(self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> Deliveries:
        told = [
            record for record in self._since(organization_id, flow_id, first_day) if record.kind is RecordKind.DELIVERY
        ]
        numbers = [
            NumberDeliveries(
                number,
                sum(record.status == "accepted" for record in of_number),
                sum(record.status in _ARRIVED and record.former_status not in _ARRIVED for record in of_number),
                sum(record.status in _SEEN and record.former_status not in _SEEN for record in of_number),
                sum(record.status == "failed" for record in of_number),
            )
            for number in {record.phone_number_id for record in told}
            for of_number in [[record for record in told if record.phone_number_id == number]]
        ]
        failures = Counter(record.error_code for record in told if record.status == "failed")
        return Deliveries(
            sorted(numbers, key=lambda number: (-number.accepted, number.phone_number_id)),
            sorted(failures.items(), key=lambda failure: (-failure[1], failure[0])),
        )

    async def costs(self, *, organization_id: UUID, first_day: date | None) -> Sequence[NumberCosts]:
        told = [record for record in self._since(organization_id, None, first_day) if _is_step(record)]
        charges = Counter(
            (record.phone_number_id, record.pricing_category, record.pricing_type, calling_code(record.phone_number))
            for record in told
            if record.is_priced
        )
        arrived = Counter(
            record.phone_number_id
            for record in told
            if record.status in _ARRIVED and record.former_status not in _ARRIVED
        )
        ordered = sorted(charges.items(), key=lambda charge: (-charge[1], charge[0][1:]))
        found = [
            NumberCosts(
                number,
                arrived[number],
                [Charge(*kind, messages) for (of, *kind), messages in ordered if of == number],
            )
            for number in {*arrived, *(number for number, *_ in charges)}
        ]
        return sorted(found, key=lambda number: (-number.billed, -number.delivered, number.phone_number_id))

    async def campaigns(
        self, *, organization_id: UUID, campaign_id: UUID | None, first_day: date | None, most: int
    ) -> Sequence[CampaignResults]:
        by_campaign: dict[UUID, list[Record]] = {}
        for record in self._of(organization_id, None):
            if _is_step(record) and record.status != "priced" and record.campaign_id:
                by_campaign.setdefault(record.campaign_id, []).append(record)
        results = [
            _results(campaign, steps) for campaign, steps in by_campaign.items() if campaign_id in (None, campaign)
        ]
        recent = [each for each in results if first_day is None or each.last_day >= first_day]
        return sorted(recent, key=lambda each: (-each.last_day.toordinal(), str(each.campaign_id)))[:most]

    def _of(self, organization_id: UUID, flow_id: UUID | None) -> list[Record]:
        return [
            record
            for record in self._log()
            if record.organization_id == organization_id and flow_id in (None, record.flow_id)
        ]

    def _since(self, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> list[Record]:
        return [
            record for record in self._of(organization_id, flow_id) if first_day is None or day_of(record) >= first_day
        ]

    def _said(self, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> list[Record]:
        return [record for record in self._since(organization_id, flow_id, first_day) if record.kind in _MESSAGES]

    def _states(self, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> list[State]:
        found: dict[tuple[UUID, UUID], tuple[list[Record], list[Record]]] = {}
        for record in self._of(organization_id, flow_id):
            if record.flow_id and record.kind in (RecordKind.FLOW_STARTED, RecordKind.FLOW_ENDED):
                starts, ends = found.setdefault((record.flow_id, record.conversation_id), ([], []))
                (starts if record.kind is RecordKind.FLOW_STARTED else ends).append(record)
        states = []
        for (flow, conversation), (starts, ends) in found.items():
            if starts:
                start = max(starts, key=_place)
                end = max(ends, key=_place) if ends else None
                over = end if end is not None and _place(end) > _place(start) else None
                states.append(State(flow, conversation, start, over))
        return [state for state in states if first_day is None or day_of(state.start) >= first_day]

    def _durations(self, organization_id: UUID, states: Sequence[State]) -> Durations:
        lasted = [_lasted(state) if state.end else self._so_far(organization_id, state) for state in states]
        return Durations(len(lasted), sum(lasted), max(lasted, default=0), min(lasted, default=0))

    def _so_far(self, organization_id: UUID, state: State) -> int:
        said = [
            record.occurred_at
            for record in self._said(organization_id, state.flow_id, None)
            if record.conversation_id == state.conversation_id
        ]
        return max(0, _microseconds(max(said) - state.start.occurred_at)) if said else 0

    def _figures(
        self, organization_id: UUID, flow_id: UUID | None, first_day: date | None, states: Sequence[State]
    ) -> Figures:
        said = self._said(organization_id, flow_id, first_day)
        found = self._since(organization_id, flow_id, first_day)
        kinds = Counter(record.kind for record in found)
        answers = [r.answered_after_us for r in found if r.kind is RecordKind.CONTACT_MESSAGE and r.answered_after_us]
        taken = [r.answered_after_us for r in found if r.kind is RecordKind.TAKEN and r.answered_after_us]
        return Figures(
            conversations=len(states),
            completed=sum(state.end is not None for state in states),
            finished=sum(state.is_finished for state in states),
            contact_messages=kinds[RecordKind.CONTACT_MESSAGE],
            bot_messages=kinds[RecordKind.BOT_MESSAGE],
            contacts=len(set(map(contact_of, said))),
            invalid_answers=kinds[RecordKind.INVALID_ANSWER],
            handed_over=kinds[RecordKind.HANDED_OVER],
            answers=len(answers),
            answered_after_us=sum(answers),
            taken=len(taken),
            taken_after_us=sum(taken),
            limits_reached=kinds[RecordKind.LIMIT_REACHED],
            failed_effects=kinds[RecordKind.EFFECT_FAILED],
        )


def _is_step(record: Record) -> bool:
    return record.kind is RecordKind.DELIVERY


def _results(campaign_id: UUID, steps: Sequence[Record]) -> CampaignResults:
    """Messages move from one status to another: what came to some, less what left them."""

    def at(*statuses: str) -> int:
        return sum((step.status in statuses) - (step.former_status in statuses) for step in steps)

    failures: Counter[int] = Counter()
    for step in steps:
        failures[step.error_code] += (step.status == "failed") - (step.former_status == "failed")
    return CampaignResults(
        campaign_id=campaign_id,
        last_day=max(map(day_of, steps)),
        sent=at(*_SENT),
        delivered=at(*_ARRIVED),
        read=at(*_SEEN),
        retries=sum(step.campaign_try > 1 and not step.former_status for step in steps),
        failures=sorted((each for each in failures.items() if each[1] > 0), key=lambda one: (-one[1], one[0])),
    )


def _node(node_id: str, found: Sequence[Record], edges: Counter[tuple[str, str, str]]) -> NodeFigures:
    kinds = Counter(record.kind for record in found if record.node_id == node_id)
    ends = [record for record in found if record.node_id == node_id and record.kind is RecordKind.FLOW_ENDED]
    return NodeFigures(
        node_id,
        sum(passed for (_, _, target), passed in edges.items() if target == node_id),
        sum(passed for (source, _, _), passed in edges.items() if source == node_id),
        sum(record.text in FINISHES for record in ends),
        sum(record.text not in FINISHES for record in ends),
        kinds[RecordKind.INVALID_ANSWER],
        kinds[RecordKind.CONTACT_MESSAGE],
        kinds[RecordKind.HANDED_OVER],
    )


def edges_of(record: Record) -> list[tuple[str, str, str]]:
    """The edges that a record's turn went along."""
    parts = record.path.split(SEPARATOR) if record.path else []
    nodes = list(pairwise(parts[::2]))
    return [(source, handle, target) for (source, target), handle in zip(nodes, parts[1::2], strict=True)]


def _place(record: Record) -> tuple[datetime, int]:
    return record.occurred_at, min(record.sequence, 1023)


def _lasted(state: State) -> int:
    return _microseconds(state.end.occurred_at - state.start.occurred_at) if state.end else 0


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
