"""The plain monolith's SQL: one statement reads, one statement writes everything of a turn, one finishes the log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool

from tests.benchmarks.monolith.executor_service import SESSION_TTL, Canvas, Turn, run_turn

POOL = 20
PLANS_KEPT_SECONDS = 10.0
"""How long a number's settings are believed before they are read again."""

_PLAN = """
    SELECT n.organization_id, n.access_token, f.flow_id, f.document
    FROM number n JOIN flow f USING (flow_id) WHERE n.phone_number_id = %s"""

_READ = """
    SELECT EXISTS (SELECT FROM event WHERE event_id = %(event_id)s),
           s.node_id, s.variables, s.execution_path, s.is_active, s.session_expires_at, s.revision
    FROM (VALUES (1)) one
    LEFT JOIN state s ON s.organization_id = %(organization_id)s AND s.phone_number = %(phone_number)s
      AND s.flow_id = %(flow_id)s"""

# All or nothing in one statement, committed before it answers. A second writer of the same event breaks its key; one
# of the same state finds another revision, and then nothing else is written either.
_WRITE = """
    WITH kept AS (
      INSERT INTO state AS s (organization_id, phone_number, flow_id, node_id, variables, execution_path, is_active,
                              session_expires_at, revision)
      VALUES (%(organization_id)s, %(phone_number)s, %(flow_id)s, %(node_id)s, %(variables)s::jsonb, %(path)s::jsonb,
              %(is_active)s, %(expires_at)s, %(revision)s + 1)
      ON CONFLICT (organization_id, phone_number, flow_id) DO UPDATE SET
        node_id = excluded.node_id, variables = excluded.variables, execution_path = excluded.execution_path,
        is_active = excluded.is_active, session_expires_at = excluded.session_expires_at, last_message_at = now(),
        revision = excluded.revision
      WHERE s.revision = excluded.revision - 1
      RETURNING 1),
    seen AS (
      INSERT INTO event (event_id, organization_id, payload)
      SELECT %(event_id)s, %(organization_id)s, %(payload)s FROM kept)
    INSERT INTO log (organization_id, phone_number_id, phone_number, flow_id, node_id, user_message, bot_response)
    SELECT %(organization_id)s, %(phone_number_id)s, %(phone_number)s, %(flow_id)s, said.node_id, %(text)s, said.reply
    FROM kept, unnest(%(nodes)s::text[], %(replies)s::text[]) WITH ORDINALITY said(node_id, reply, place)
    ORDER BY said.place
    RETURNING log_id"""

_FINISH = "UPDATE log SET sent_at = now() WHERE log_id = %s"

_UNSENT = """
    SELECT log_id, phone_number_id, n.access_token, phone_number, bot_response
    FROM log l JOIN number n USING (phone_number_id) WHERE sent_at IS NULL ORDER BY log_id"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a number does with a message; `read_at` is time.monotonic()."""

    organization_id: UUID
    access_token: str
    flow_id: UUID
    canvas: Canvas
    read_at: float


@dataclass(frozen=True, slots=True)
class Letter:
    """A reply on its way out."""

    log_id: int
    phone_number_id: str
    access_token: str
    to: str
    text: str


@dataclass(slots=True)
class Place:
    """The row of `state`, or a new one."""

    current_node_id: str | None
    variables: dict[str, Any]
    execution_path: list[str]
    is_active: bool
    session_expires_at: datetime
    revision: int


class Store:
    """Two pools: what must be durable before the 200, and the finishing of logs, which a crash may take back."""

    def __init__(self, database_url: str) -> None:
        set_json_loads(orjson.loads)
        self._pool = AsyncConnectionPool(
            database_url, min_size=POOL, max_size=POOL, kwargs={"autocommit": True}, configure=_prepare_all, open=False
        )
        later = {"autocommit": True, "options": "-c synchronous_commit=off"}
        self._finishing = AsyncConnectionPool(
            database_url, min_size=4, max_size=POOL, kwargs=later, configure=_prepare_all, open=False
        )
        self._plans: dict[str, Plan] = {}

    async def open(self) -> None:
        """Connect."""
        await self._pool.open(wait=True)
        await self._finishing.open(wait=True)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()
        await self._finishing.close()

    async def turn(self, phone_number_id: str, message: dict[str, Any]) -> list[Letter]:
        """Keep event, state and logs of one message durably, once; a repeat gives no letters."""
        event_id, phone_number, text = message["id"], message["from"], message["text"]["body"]
        async with self._pool.connection() as connection:
            plan = await self._plan(connection, phone_number_id)
            names = {"organization_id": plan.organization_id, "phone_number": phone_number, "flow_id": plan.flow_id}
            while True:
                place = await _read(connection, names | {"event_id": event_id})
                if place is None:
                    return []
                turn = run_turn(plan.canvas, place, text)
                values = names | _values(turn, place.revision) | {"text": text, "phone_number_id": phone_number_id}
                values |= {"event_id": event_id, "payload": orjson.dumps(message)}
                try:
                    rows = await (await connection.execute(_WRITE, values)).fetchall()
                except UniqueViolation:
                    return []
                if rows:
                    break
        replies = [reply for _, reply in turn.replies]
        return [
            Letter(row[0], phone_number_id, plan.access_token, phone_number, reply)
            for row, reply in zip(rows, replies, strict=True)
        ]

    async def finish(self, log_id: int) -> None:
        """Note that a reply left."""
        async with self._finishing.connection() as connection:
            await connection.execute(_FINISH, (log_id,))

    async def unsent(self) -> list[Letter]:
        """What was kept but never noted as sent."""
        async with self._pool.connection() as connection:
            return [Letter(*row) for row in await (await connection.execute(_UNSENT)).fetchall()]

    async def _plan(self, connection: AsyncConnection, phone_number_id: str) -> Plan:
        plan, now = self._plans.get(phone_number_id), time.monotonic()
        if plan is None or plan.read_at + PLANS_KEPT_SECONDS < now:
            row = await (await connection.execute(_PLAN, (phone_number_id,))).fetchone()
            if row is None:
                raise LookupError("nobody answers this number")
            plan = self._plans[phone_number_id] = Plan(row[0], row[1], row[2], Canvas.of(row[3]), now)
        return plan


async def _prepare_all(connection: AsyncConnection) -> None:
    connection.prepare_threshold = 0


async def _read(connection: AsyncConnection, names: dict[str, Any]) -> Place | None:
    row: Sequence[Any] | None = await (await connection.execute(_READ, names)).fetchone()
    assert row is not None
    is_known, node_id, variables, path, is_active, expires_at, revision = row
    if is_known:
        return None
    if revision is None:
        return Place(None, {}, [], False, datetime.now(UTC), 0)
    return Place(node_id, variables, path, is_active, expires_at, revision)


def _values(turn: Turn, revision: int) -> dict[str, Any]:
    return {
        "node_id": turn.node_id,
        "variables": orjson.dumps(turn.variables).decode(),
        "path": orjson.dumps(turn.path).decode(),
        "is_active": turn.node_id is not None,
        "expires_at": datetime.now(UTC) + SESSION_TTL,
        "revision": revision,
        "nodes": [node_id for node_id, _ in turn.replies],
        "replies": [reply for _, reply in turn.replies],
    }
