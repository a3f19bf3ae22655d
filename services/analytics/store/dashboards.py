"""Figures of an organization as a whole: they read rollups, never the log, as reports do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.analytics.domain.counting import EVERY_FLOW, NO_FLOW
from services.analytics.domain.dashboards import (
    AgentFigures,
    ContactDay,
    ContactFigures,
    FlowTotals,
    HourFigures,
    SeriesPoint,
)
from services.analytics.store.counting_hours import AGENT_FIGURES
from services.analytics.store.period import OURS, SINCE, days_since_epoch
from services.chassis.db import Database, Query, Rows

# One flow, or the row of all together: a flow is never added to another here.
_ONE = f"{OURS} AND flow_id = %(flow)b::uuid AND {SINCE}"
_EVERYBODY = f"{OURS} AND flow_id = '{EVERY_FLOW}'::uuid"
_HOUR_SUMS = "sum(contact_messages)::bigint, sum(bot_messages)::bigint, sum(started)::bigint"

_HOURS = Query(
    f"""
    SELECT extract(isodow FROM day)::int, hour, {_HOUR_SUMS} FROM analytics.message_hour WHERE {_ONE}
    GROUP BY 1, 2 ORDER BY 1, 2"""
)
_BY_DAY = Query(
    f"""
    SELECT day, 0, {_HOUR_SUMS} FROM analytics.message_hour WHERE {_ONE} GROUP BY day ORDER BY day"""
)
_BY_HOUR = Query(
    f"""
    SELECT day, hour, contact_messages, bot_messages, started FROM analytics.message_hour WHERE {_ONE}
    ORDER BY day, hour"""
)
_CONTACT_DAYS = Query(
    f"""
    SELECT day, active_contacts, first_contacts FROM analytics.audience_day
    WHERE {_EVERYBODY} AND {SINCE} AND active_contacts > 0 ORDER BY day"""
)
_CONTACTS = Query(
    f"""
    SELECT coalesce(sum(last_contacts) FILTER (WHERE {SINCE}), 0)::bigint,
      coalesce(sum(first_contacts) FILTER (WHERE {SINCE}), 0)::bigint, coalesce(sum(last_contacts), 0)::bigint
    FROM analytics.audience_day WHERE {_EVERYBODY}"""
)
_FLOWS = Query(
    f"""
    SELECT flow_id, coalesce(conversations, 0), coalesce(completed, 0), coalesce(finished, 0),
      coalesce(duration_us, 0), coalesce(contact_messages, 0), coalesce(bot_messages, 0), coalesce(handed_over, 0),
      coalesce(steps, 0)
    FROM (
      SELECT flow_id, sum(conversations)::bigint AS conversations, sum(completed)::bigint AS completed,
        sum(finished)::bigint AS finished, sum(duration_us)::bigint AS duration_us
      FROM analytics.conversation_day WHERE {OURS} AND {SINCE} GROUP BY flow_id) c
    FULL JOIN (
      SELECT flow_id, sum(contact_messages)::bigint AS contact_messages, sum(bot_messages)::bigint AS bot_messages,
        sum(handed_over)::bigint AS handed_over, sum(steps)::bigint AS steps
      FROM analytics.flow_day WHERE {OURS} AND {SINCE} GROUP BY flow_id) m USING (flow_id)
    WHERE coalesce(conversations, 0) + coalesce(contact_messages, 0) + coalesce(bot_messages, 0)
      + coalesce(handed_over, 0) + coalesce(steps, 0) > 0
    ORDER BY 2 DESC, flow_id"""
)
_AGENTS = Query(
    f"""
    SELECT agent_id, {", ".join(f"sum({column})::bigint" for column in AGENT_FIGURES)}
    FROM analytics.agent_day WHERE {OURS} AND {SINCE} GROUP BY agent_id ORDER BY 2 DESC, agent_id"""
)


class PostgresDashboards:
    """See ports.DashboardStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hours(
        self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None
    ) -> Sequence[HourFigures]:
        """See ports.DashboardStore."""
        rows = await self._read(_HOURS, organization_id, flow_id, first_day)
        return [HourFigures(*row) for row in rows]

    async def series(
        self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None, is_by_hour: bool
    ) -> Sequence[SeriesPoint]:
        """See ports.DashboardStore."""
        rows = await self._read(_BY_HOUR if is_by_hour else _BY_DAY, organization_id, flow_id, first_day)
        return [SeriesPoint(*row) for row in rows]

    async def contacts(self, *, organization_id: UUID, first_day: date | None) -> ContactFigures:
        """See ports.DashboardStore."""
        values = _values(organization_id, None, first_day)
        steps = [(_CONTACTS, values), (_CONTACT_DAYS, values)]
        sums, days = await self._database.batch((organization_id,), steps, durable=False)
        active, new, total = sums[0]
        return ContactFigures(active, new, total, [ContactDay(*row) for row in days])

    async def flows(self, *, organization_id: UUID, first_day: date | None) -> Sequence[FlowTotals]:
        """See ports.DashboardStore."""
        rows = await self._read(_FLOWS, organization_id, None, first_day)
        return [
            FlowTotals(
                flow_id=None if row[0] == NO_FLOW else row[0],
                conversations=row[1],
                completed=row[2],
                finished=row[3],
                duration_us=row[4],
                contact_messages=row[5],
                bot_messages=row[6],
                handed_over=row[7],
                steps=row[8],
            )
            for row in rows
        ]

    async def agents(self, *, organization_id: UUID, first_day: date | None) -> Sequence[AgentFigures]:
        """See ports.DashboardStore."""
        rows = await self._read(_AGENTS, organization_id, None, first_day)
        return [AgentFigures(agent_id=row[0], **dict(zip(AGENT_FIGURES, row[1:], strict=True))) for row in rows]

    async def _read(self, query: Query, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> Rows:
        values = _values(organization_id, flow_id, first_day)
        (rows,) = await self._database.batch((organization_id,), [(query, values)], durable=False)
        return rows


def _values(organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> dict[str, object]:
    return {
        "organization": organization_id,
        "flow": flow_id or EVERY_FLOW,
        "since": days_since_epoch(first_day),
    }
