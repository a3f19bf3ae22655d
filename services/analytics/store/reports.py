"""Reports: they read rollups, never the log, so that its size changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.analytics.domain.counting import EVERY_FLOW
from services.analytics.domain.figures import (
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
    NumberDeliveries,
    Overview,
    Segments,
    VersionFigures,
)
from services.chassis.db import Database, Query, Rows, Step

_EPOCH = date(1970, 1, 1)
_OURS = "organization_id = %(organization)b::uuid"
_FLOW = f"{_OURS} AND (%(flow)b::uuid IS NULL OR flow_id = %(flow)b::uuid)"
_ONE = f"{_OURS} AND flow_id = %(flow)b::uuid"
_SINCE = "day >= date '1970-01-01' + %(since)b::int"

_ZONE = Query(f"SELECT time_zone FROM analytics.organization_zone WHERE {_OURS}")

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
    FROM analytics.flow_day WHERE {_FLOW} AND {_SINCE}"""
)
_CONTACTS = Query(
    f"""
    SELECT coalesce(sum(last_contacts), 0)::bigint FROM analytics.audience_day
    WHERE {_OURS} AND flow_id = %(audience)b::uuid AND {_SINCE}"""
)
_CONVERSATIONS = Query(
    f"""
    SELECT flow_id, sum(conversations)::bigint, sum(completed)::bigint, sum(finished)::bigint, sum(duration_us)::bigint
    FROM analytics.conversation_day WHERE {_FLOW} AND {_SINCE}
    GROUP BY flow_id HAVING sum(conversations) > 0 ORDER BY 2 DESC, 1"""
)
_ENDED = f"""
        SELECT duration_us FROM analytics.conversation_count
        WHERE {_ONE} AND started_day = d.day AND duration_us IS NOT NULL"""
# The ends of an index, day by day: conversations are not gone through.
_EXTREMES = Query(
    f"""
    SELECT max(longest), min(shortest)
    FROM (SELECT DISTINCT day FROM analytics.conversation_day WHERE {_ONE} AND {_SINCE} AND completed > 0) d,
      LATERAL ({_ENDED} ORDER BY duration_us DESC LIMIT 1) l(longest),
      LATERAL ({_ENDED} ORDER BY duration_us LIMIT 1) f(shortest)"""
)
# What goes on lasts until its last message. Sessions end a day after one, so these are those of the latest days.
_GOING_ON = Query(
    f"""
    SELECT count(*), coalesce(sum(so_far), 0)::bigint, max(so_far), min(so_far)
    FROM (
      SELECT greatest(0, (extract(epoch FROM last_at) * 1000000)::bigint - (started_place >> 10)) AS so_far
      FROM analytics.conversation_count
      WHERE {_FLOW} AND started_day >= date '1970-01-01' + %(since)b::int
        AND started_place IS NOT NULL AND duration_us IS NULL) going_on"""
)
_HEATMAP = Query(
    f"""
    SELECT node_id, sum(contact_messages + bot_messages)::bigint FROM analytics.node_day WHERE {_ONE} AND {_SINCE}
    GROUP BY node_id HAVING sum(contact_messages + bot_messages) > 0 ORDER BY 2 DESC, node_id COLLATE "C" """
)
_TOTAL = Query(
    f"""
    SELECT coalesce(sum(contact_messages + bot_messages), 0)::bigint FROM analytics.flow_day
    WHERE {_ONE} AND {_SINCE}"""
)
_BY_DAY = Query(
    f"""
    SELECT m.day, m.messages, coalesce(a.active_contacts, 0)
    FROM (
      SELECT day, sum(contact_messages + bot_messages)::bigint AS messages FROM analytics.flow_day
      WHERE {_ONE} AND {_SINCE} GROUP BY day) m
    LEFT JOIN (SELECT day, active_contacts FROM analytics.audience_day WHERE {_ONE} AND {_SINCE}) a USING (day)
    WHERE m.messages > 0 ORDER BY m.day"""
)
_SEGMENTS = Query(
    f"""
    SELECT contacts, active_contacts, power_contacts FROM analytics.segment_count
    WHERE {_OURS} AND flow_id = %(flow)b::uuid"""
)
_VERSION = "(%(version)b::int = 0 OR flow_version = %(version)b::int)"
_NODES = Query(
    f"""
    WITH edges AS (
      SELECT source, target, passed FROM analytics.edge_day WHERE {_ONE} AND {_SINCE} AND {_VERSION}),
    moves AS (
      SELECT node_id, sum(entered)::bigint AS entered, sum(gone)::bigint AS gone
      FROM (SELECT target AS node_id, passed AS entered, 0 AS gone FROM edges
        UNION ALL SELECT source, 0, passed FROM edges WHERE source <> '') both_ends
      GROUP BY node_id),
    happened AS (
      SELECT node_id, sum(finished)::bigint AS finished, sum(dropped)::bigint AS dropped,
        sum(invalid_answers)::bigint AS invalid, sum(contact_messages)::bigint AS messages,
        sum(handed_over)::bigint AS handed_over
      FROM analytics.node_day WHERE {_ONE} AND {_SINCE} AND {_VERSION} GROUP BY node_id)
    SELECT node_id, coalesce(entered, 0), coalesce(gone, 0), coalesce(finished, 0), coalesce(dropped, 0),
      coalesce(invalid, 0), coalesce(messages, 0), coalesce(handed_over, 0)
    FROM moves FULL JOIN happened USING (node_id) ORDER BY 2 DESC, node_id COLLATE "C" """
)
_EDGES = Query(
    f"""
    SELECT source, handle, target, sum(passed)::bigint FROM analytics.edge_day
    WHERE {_ONE} AND {_SINCE} AND {_VERSION}
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, source COLLATE "C", handle COLLATE "C", target COLLATE "C" """
)
_VERSIONS = Query(
    f"""
    SELECT flow_version, sum(conversations)::bigint, sum(completed)::bigint, sum(finished)::bigint,
      sum(duration_us)::bigint
    FROM analytics.conversation_day WHERE {_ONE} AND {_SINCE}
    GROUP BY flow_version HAVING sum(conversations) > 0 ORDER BY flow_version"""
)
_DELIVERIES = Query(
    f"""
    SELECT phone_number_id, sum(accepted)::bigint, sum(delivered)::bigint, sum(read)::bigint, sum(failed)::bigint
    FROM analytics.delivery_day WHERE {_FLOW} AND {_SINCE}
    GROUP BY phone_number_id ORDER BY 2 DESC, phone_number_id"""
)
_FAILURES = Query(
    f"""
    SELECT error_code, sum(messages)::bigint FROM analytics.failure_day
    WHERE {_FLOW} AND {_SINCE} GROUP BY error_code ORDER BY 2 DESC, error_code"""
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
        queries = (_CONVERSATIONS, _SUMS, _CONTACTS, _GOING_ON)
        conversations, sums, contacts, going_on = await self._read(
            organization_id, [(each, values) for each in queries]
        )
        flows = [FlowFigures(row[0], row[1], row[2]) for row in conversations]
        return Overview(_figures(conversations, sums, contacts), _durations(conversations, going_on, None), flows)

    async def flow_report(self, *, organization_id: UUID, flow_id: UUID, first_day: date) -> FlowReport:
        """See ports.ReportStore."""
        values = _values(organization_id, flow_id, first_day)
        queries = (_CONVERSATIONS, _SUMS, _CONTACTS, _GOING_ON, _EXTREMES)
        conversations, sums, contacts, going_on, ended = await self._read(
            organization_id, [(each, values) for each in queries]
        )
        return FlowReport(_figures(conversations, sums, contacts), _durations(conversations, going_on, ended))

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

    async def _read(self, organization_id: UUID, steps: Sequence[Step]) -> list[Rows]:
        return await self._database.batch((organization_id,), steps, durable=False)


def _values(organization_id: UUID, flow_id: UUID | None, first_day: date | None) -> dict[str, object]:
    return {
        "organization": organization_id,
        "flow": flow_id,
        "audience": flow_id or EVERY_FLOW,
        "since": (first_day - _EPOCH).days if first_day else -1_000_000,
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


def _durations(conversations: Rows, going_on: Rows, ended: Rows | None) -> Durations:
    """Without `ended` only the mean is known."""
    completed, total = sum(row[2] for row in conversations), sum(row[4] for row in conversations)
    count, so_far, longest_so_far, shortest_so_far = going_on[0]
    if ended is None:
        return Durations(completed + count, total + so_far)
    longest = [each for each in (ended[0][0], longest_so_far) if each is not None]
    shortest = [each for each in (ended[0][1], shortest_so_far) if each is not None]
    return Durations(completed + count, total + so_far, max(longest, default=0), min(shortest, default=0))
