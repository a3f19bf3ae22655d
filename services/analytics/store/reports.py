"""Reports: they read rollups, never the log, so that its size changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.analytics.domain.counting import EVERY_FLOW
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
from services.analytics.store.period import OURS, SINCE, days_since_epoch
from services.chassis.db import Database, Query, Rows, Step

_FLOW = f"{OURS} AND (%(flow)b::uuid IS NULL OR flow_id = %(flow)b::uuid)"
_ONE = f"{OURS} AND flow_id = %(flow)b::uuid"

_ZONE = Query(f"SELECT time_zone FROM analytics.organization_zone WHERE {OURS}")

_SUMS = Query(
    f"""
    SELECT {
        ", ".join(
            f"coalesce(sum({column}), 0)::bigint"
            for column in (
                "contact_messages",
                "bot_messages",
                "invalid_answers",
                "handed_over",
                "answers",
                "answered_after_us",
                "taken",
                "taken_after_us",
                "limits_reached",
                "failed_effects",
            )
        )
    }
    FROM analytics.flow_day WHERE {_FLOW} AND {SINCE}"""
)
_CONTACTS = Query(
    f"""
    SELECT coalesce(sum(last_contacts), 0)::bigint FROM analytics.audience_day
    WHERE {OURS} AND flow_id = %(audience)b::uuid AND {SINCE}"""
)
_CONVERSATIONS = Query(
    f"""
    SELECT flow_id, sum(conversations)::bigint, sum(completed)::bigint, sum(finished)::bigint,
      sum(duration_us + so_far_us)::bigint
    FROM analytics.conversation_day WHERE {_FLOW} AND {SINCE}
    GROUP BY flow_id HAVING sum(conversations) > 0 ORDER BY 2 DESC, 1"""
)
_ONES_OF_DAY = f"FROM analytics.conversation_count WHERE {_ONE} AND started_day = d.day AND"
# The ends of two indexes, day by day: conversations are not gone through. What goes on lasts until its last message.
_EXTREMES = Query(
    f"""
    SELECT max(greatest(longest_ended, longest_so_far)), min(least(shortest_ended, shortest_so_far))
    FROM (
      SELECT
        (SELECT max(duration_us) {_ONES_OF_DAY} duration_us IS NOT NULL) AS longest_ended,
        (SELECT max(so_far_us) {_ONES_OF_DAY} so_far_us IS NOT NULL) AS longest_so_far,
        (SELECT min(duration_us) {_ONES_OF_DAY} duration_us IS NOT NULL) AS shortest_ended,
        (SELECT min(so_far_us) {_ONES_OF_DAY} so_far_us IS NOT NULL) AS shortest_so_far
      FROM (SELECT DISTINCT day FROM analytics.conversation_day WHERE {_ONE} AND {SINCE} AND conversations > 0) d
    ) by_day"""
)
_HEATMAP = Query(
    f"""
    SELECT node_id, sum(contact_messages + bot_messages)::bigint FROM analytics.node_day WHERE {_ONE} AND {SINCE}
    GROUP BY node_id HAVING sum(contact_messages + bot_messages) > 0 ORDER BY 2 DESC, node_id COLLATE "C" """
)
_TOTAL = Query(
    f"""
    SELECT coalesce(sum(contact_messages + bot_messages), 0)::bigint FROM analytics.flow_day
    WHERE {_ONE} AND {SINCE}"""
)
_BY_DAY = Query(
    f"""
    SELECT m.day, m.messages, coalesce(a.active_contacts, 0)
    FROM (
      SELECT day, sum(contact_messages + bot_messages)::bigint AS messages FROM analytics.flow_day
      WHERE {_ONE} AND {SINCE} GROUP BY day) m
    LEFT JOIN (SELECT day, active_contacts FROM analytics.audience_day WHERE {_ONE} AND {SINCE}) a USING (day)
    WHERE m.messages > 0 ORDER BY m.day"""
)
_SEGMENTS = Query(
    f"""
    SELECT contacts, active_contacts, power_contacts FROM analytics.segment_count
    WHERE {OURS} AND flow_id = %(flow)b::uuid"""
)
_VERSION = "(%(version)b::int = 0 OR flow_version = %(version)b::int)"
_NODES = Query(
    f"""
    WITH edges AS (
      SELECT source, target, passed FROM analytics.edge_day WHERE {_ONE} AND {SINCE} AND {_VERSION}),
    moves AS (
      SELECT node_id, sum(entered)::bigint AS entered, sum(gone)::bigint AS gone
      FROM (SELECT target AS node_id, passed AS entered, 0 AS gone FROM edges
        UNION ALL SELECT source, 0, passed FROM edges WHERE source <> '') both_ends
      GROUP BY node_id),
    happened AS (
      SELECT node_id, sum(finished)::bigint AS finished, sum(dropped)::bigint AS dropped,
        sum(invalid_answers)::bigint AS invalid, sum(contact_messages)::bigint AS messages,
        sum(handed_over)::bigint AS handed_over
      FROM analytics.node_day WHERE {_ONE} AND {SINCE} AND {_VERSION} GROUP BY node_id)
    SELECT node_id, coalesce(entered, 0), coalesce(gone, 0), coalesce(finished, 0), coalesce(dropped, 0),
      coalesce(invalid, 0), coalesce(messages, 0), coalesce(handed_over, 0)
    FROM moves FULL JOIN happened USING (node_id) ORDER BY 2 DESC, node_id COLLATE "C" """
)
_EDGES = Query(
    f"""
    SELECT source, handle, target, sum(passed)::bigint FROM analytics.edge_day
    WHERE {_ONE} AND {SINCE} AND {_VERSION}
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, source COLLATE "C", handle COLLATE "C", target COLLATE "C" """
)
_VERSIONS = Query(
    f"""
    SELECT flow_version, sum(conversations)::bigint, sum(completed)::bigint, sum(finished)::bigint,
      sum(duration_us)::bigint
    FROM analytics.conversation_day WHERE {_ONE} AND {SINCE}
    GROUP BY flow_version HAVING sum(conversations) > 0 ORDER BY flow_version"""
)
_DELIVERIES = Query(
    f"""
    SELECT phone_number_id, sum(accepted)::bigint, sum(delivered)::bigint, sum(read)::bigint, sum(failed)::bigint
    FROM analytics.delivery_day WHERE {_FLOW} AND {SINCE}
    GROUP BY phone_number_id ORDER BY 2 DESC, phone_number_id"""
)
_FAILURES = Query(
    f"""
    SELECT error_code, sum(messages)::bigint FROM analytics.failure_day
    WHERE {_FLOW} AND {SINCE} GROUP BY error_code ORDER BY 2 DESC, error_code"""
)
# What arrived has its price on the same day.
_DELIVERED = Query(
    f"""
    SELECT phone_number_id, sum(delivered)::bigint FROM analytics.delivery_day WHERE {OURS} AND {SINCE}
    GROUP BY phone_number_id HAVING sum(delivered) > 0 ORDER BY 1"""
)
_CHARGES = Query(
    f"""
    SELECT phone_number_id, pricing_category, pricing_type, calling_code, sum(messages)::bigint
    FROM analytics.cost_day WHERE {OURS} AND {SINCE}
    GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, pricing_category COLLATE "C", pricing_type COLLATE "C", calling_code"""
)
_RESULTS = Query(
    f"""
    SELECT campaign_id, last_day, sent, delivered, read, retries FROM analytics.campaign_count
    WHERE {OURS} AND (%(campaign)b::uuid IS NULL OR campaign_id = %(campaign)b::uuid)
      AND last_day >= date '1970-01-01' + %(since)b::int
    ORDER BY last_day DESC, campaign_id LIMIT %(most)b::bigint"""
)
_CAMPAIGN_FAILURES = Query(
    f"""
    SELECT campaign_id, error_code, messages FROM analytics.campaign_failure
    WHERE {OURS} AND (%(campaign)b::uuid IS NULL OR campaign_id = %(campaign)b::uuid) AND messages > 0
    ORDER BY messages DESC, error_code"""
)


class PostgresReports:
    """See ports.ReportStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def time_zone(self, *, organization_id: UUID) -> str:
        """See ports.ReportStore."""
        (rows,) = await self._read(organization_id, [(_ZONE, {"organization": organization_id})])
        return str(rows[0][0]) if rows else ""

    async def overview(self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> Overview:
        """See ports.ReportStore."""
        values = _values(organization_id, flow_id, first_day)
        queries = (_CONVERSATIONS, _SUMS, _CONTACTS)
        conversations, sums, contacts = await self._read(organization_id, [(each, values) for each in queries])
        flows = [FlowFigures(row[0], row[1], row[2]) for row in conversations]
        return Overview(_figures(conversations, sums, contacts), _durations(conversations), flows)

    async def flow_report(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> FlowReport:
        """See ports.ReportStore."""
        values = _values(organization_id, flow_id, first_day)
        queries = (_CONVERSATIONS, _SUMS, _CONTACTS, _EXTREMES)
        conversations, sums, contacts, extremes = await self._read(
            organization_id, [(each, values) for each in queries]
        )
        return FlowReport(_figures(conversations, sums, contacts), _durations(conversations, extremes))

    async def heatmap(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Heatmap:
        """See ports.ReportStore."""
        values = _values(organization_id, flow_id, first_day)
        nodes, total = await self._read(organization_id, [(_HEATMAP, values), (_TOTAL, values)])
        return Heatmap([(row[0], row[1]) for row in nodes], total[0][0])

    async def days(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Sequence[DayActivity]:
        """See ports.ReportStore."""
        values = _values(organization_id, flow_id, first_day)
        (rows,) = await self._read(organization_id, [(_BY_DAY, values)])
        return [DayActivity(*row) for row in rows]

    async def segments(self, *, organization_id: UUID, flow_id: UUID) -> Segments:
        """See ports.ReportStore."""
        (rows,) = await self._read(organization_id, [(_SEGMENTS, {"organization": organization_id, "flow": flow_id})])
        return Segments(*rows[0]) if rows else Segments()

    async def funnel(self, *, organization_id: UUID, flow_id: UUID, first_day: date, flow_version: int) -> Funnel:
        """See ports.ReportStore."""
        values = _values(organization_id, flow_id, first_day) | {"version": flow_version}
        nodes, edges = await self._read(organization_id, [(_NODES, values), (_EDGES, values)])
        return Funnel([NodeFigures(*row) for row in nodes], [EdgeFigures(*row) for row in edges])

    async def versions(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> Sequence[VersionFigures]:
        """See ports.ReportStore."""
        (rows,) = await self._read(organization_id, [(_VERSIONS, _values(organization_id, flow_id, first_day))])
        return [VersionFigures(*row) for row in rows]

    async def deliveries(self, *, organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> Deliveries:
        """See ports.ReportStore."""
        values = _values(organization_id, flow_id, first_day)
        numbers, failures = await self._read(organization_id, [(_DELIVERIES, values), (_FAILURES, values)])
        return Deliveries([NumberDeliveries(*row) for row in numbers], [(row[0], row[1]) for row in failures])

    async def costs(self, *, organization_id: UUID, first_day: date | None) -> Sequence[NumberCosts]:
        """See ports.ReportStore."""
        values = _values(organization_id, None, first_day)
        delivered, charged = await self._read(organization_id, [(_DELIVERED, values), (_CHARGES, values)])
        charges: dict[str, list[Charge]] = {}
        for number, *charge in charged:
            charges.setdefault(number, []).append(Charge(*charge))
        arrived: dict[str, int] = dict(delivered)
        costs = [NumberCosts(each, arrived.get(each, 0), charges.get(each, [])) for each in {**arrived, **charges}]
        return sorted(costs, key=lambda number: (-number.billed, -number.delivered, number.phone_number_id))

    async def campaigns(
        self, *, organization_id: UUID, campaign_id: UUID | None, first_day: date | None, most: int
    ) -> Sequence[CampaignResults]:
        """See ports.ReportStore."""
        values = _values(organization_id, None, first_day) | {"campaign": campaign_id, "most": most}
        rows, failed = await self._read(organization_id, [(_RESULTS, values), (_CAMPAIGN_FAILURES, values)])
        failures: dict[UUID, list[tuple[int, int]]] = {}
        for campaign, code, messages in failed:
            failures.setdefault(campaign, []).append((code, messages))
        return [
            CampaignResults(
                campaign_id=row[0], last_day=row[1], sent=row[2], delivered=row[3], read=row[4], retries=row[5],
                failures=failures.get(row[0], []),
            )
            for row in rows
        ]  # fmt: skip

    async def _read(self, organization_id: UUID, steps: Sequence[Step]) -> list[Rows]:
        return await self._database.batch((organization_id,), steps, durable=False)


def _values(organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> dict[str, object]:
    return {
        "organization": organization_id,
        "flow": flow_id,
        "audience": flow_id or EVERY_FLOW,
        "since": days_since_epoch(first_day),
    }


def _figures(conversations: Rows, sums: Rows, contacts: Rows) -> Figures:
    said = sums[0]
    return Figures(
        conversations=sum(row[1] for row in conversations),
        completed=sum(row[2] for row in conversations),
        finished=sum(row[3] for row in conversations),
        contact_messages=said[0],
        bot_messages=said[1],
        invalid_answers=said[2],
        handed_over=said[3],
        answers=said[4],
        answered_after_us=said[5],
        taken=said[6],
        taken_after_us=said[7],
        limits_reached=said[8],
        failed_effects=said[9],
        contacts=contacts[0][0],
    )


def _durations(conversations: Rows, extremes: Rows | None = None) -> Durations:
    """Of those that ended and those that go on; without `extremes` only the mean is known."""
    count, total = sum(row[1] for row in conversations), sum(row[4] for row in conversations)
    longest, shortest = extremes[0] if extremes else (None, None)
    return Durations(count, total, longest or 0, shortest or 0)
