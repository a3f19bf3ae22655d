"""What a job cleared in a room, counted in the transaction that clears: no count is lost when an answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from services.chassis.db import Query, Step, Transaction
from services.chassis.queue.clearing import Cleared

# Whoever asks for a count does so while the job is open, or soon after.
_KEEP_DAYS = 90


def create_receipts(schema: str) -> list[str]:
    """Statements that create a room's table of receipts."""
    return [
        f"""
        CREATE TABLE {schema}.receipt (
          organization_id uuid NOT NULL, job_id uuid NOT NULL, table_name text NOT NULL,
          rows bigint NOT NULL, noted_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (organization_id, job_id, table_name)
        )
        """
    ]


class Receipts:
    """One room's receipts."""

    def __init__(self, schema: str) -> None:
        table = f"{schema}.receipt"
        mine = "organization_id = %(organization)b::uuid"
        self._forget = Query(f"DELETE FROM {table} WHERE {mine} AND noted_at < now() - interval '{_KEEP_DAYS} days'")
        self._add = Query(f"""
            INSERT INTO {table} AS r (organization_id, job_id, table_name, rows)
            SELECT %(organization)b::uuid, %(job)b::uuid, t, n
            FROM unnest(%(tables)b::text[], %(counts)b::bigint[]) c(t, n) ORDER BY t
            ON CONFLICT (organization_id, job_id, table_name)
            DO UPDATE SET rows = r.rows + excluded.rows, noted_at = now()""")
        self._read = Query(f"""
            SELECT table_name, rows FROM {table} WHERE {mine} AND job_id = %(job)b::uuid ORDER BY table_name""")

    async def commit(self, journey: Transaction, organization_id: UUID, job_id: UUID, cleared: Cleared) -> Cleared:
        """Note what was cleared and commit; the counts are then those of all the job's calls to this room so far."""
        found = await journey.commit(self._steps(organization_id, job_id, cleared.counts))
        return replace(cleared, counts=dict(found[-1]))

    def _steps(self, organization_id: UUID, job_id: UUID, counts: Mapping[str, int]) -> list[Step]:
        removed = {table: count for table, count in counts.items() if count}
        values = {
            "organization": organization_id,
            "job": job_id,
            "tables": list(removed),
            "counts": list(removed.values()),
        }
        return [(self._forget, values), (self._add, values), (self._read, values)]
