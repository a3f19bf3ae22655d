"""Fills a house's tables with conversations that were held before.

One stranger walks through the whole dialogue; what the rooms then keep of him (contact, identity, conversation, state,
lanes, counts) is copied for everybody else, with their own ids. So the copies look as the rooms themselves write them.
History (items, messages, logs) is not copied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, LiteralString
from uuid import UUID, uuid5

import psycopg
from psycopg import sql

from services.embedded.state import read_state
from services.executor.domain.standing import state_id_of
from services.ingress.entries import number_key
from services.router.domain.identity import Identity, contact_id_of, conversation_id_of
from tests.benchmarks.contestant import Contestant
from tests.benchmarks.errors import Void
from tests.benchmarks.meta.people import Person, wa_id_of
from tests.benchmarks.progress import Progress

ROOMS = ("ingress", "router", "executor", "sender", "analytics")
STANDING = ("contact", "contact_identity", "conversation", "conversation_states", "pair", "conversation_count")
"""Tables with one row for each conversation or contact, beside the lanes."""
NEEDED = ("router.contact", "router.contact_identity", "router.conversation", "executor.conversation_states")
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Ids:
    """Everything that names one person at one number, in the tables of all rooms."""

    wa_id: str
    phone_number_id: str
    contact_id: UUID
    conversation_id: UUID
    state_id: UUID
    number_id: UUID
    lane_id: UUID


def ids_of(organization_id: UUID, flow_id: str, wa_id: str, phone_number_id: str) -> Ids:
    """Make the ids as the rooms make them."""
    contact_id = contact_id_of(Identity(organization_id, "wa_id", wa_id))
    conversation_id = conversation_id_of(contact_id, phone_number_id)
    number_id = number_key(phone_number_id)
    return Ids(
        wa_id=wa_id,
        phone_number_id=phone_number_id,
        contact_id=contact_id,
        conversation_id=conversation_id,
        state_id=state_id_of(conversation_id, flow_id),
        number_id=number_id,
        lane_id=uuid5(number_id, wa_id),
    )


async def seed_conversations(
    contestant: Contestant, count: int, phone_number_ids: tuple[str, ...], progress: Progress
) -> None:
    """Give the house the conversations of the people with index 0 to `count` - 1. Raises Void when it cannot."""
    (model,) = contestant.strangers(1)
    for _ in model.dialogue:
        await contestant.world.exchange(model)
    await asyncio.sleep(1.0)  # its records arrive
    assert contestant.variant.data is not None
    state: dict[str, Any] = read_state(contestant.variant.data)
    url = state["postgres"]["url"]
    await asyncio.to_thread(_seed, url, model, count, phone_number_ids, progress)


def _seed(url: str, model: Person, count: int, numbers: tuple[str, ...], progress: Progress) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        organization_id, flow_id = _owner(connection, model.phone_number_id)
        copied = ids_of(organization_id, flow_id, model.wa_id, model.phone_number_id)
        rows = {table: found for table in _tables(connection) if (found := _row(connection, table, copied))}
        if missing := [table for table in NEEDED if table not in rows]:
            raise Void(f"the rooms kept nothing of a conversation in {', '.join(missing)}")
        progress.say(f"{count:,} conversations into {', '.join(rows)}")
        connection.execute("SET synchronous_commit = off")
        for done in range(0, count, ROWS_AT_ONCE):
            part = range(done, min(done + ROWS_AT_ONCE, count))
            everybody = (ids_of(organization_id, flow_id, wa_id_of(i), numbers[i % len(numbers)]) for i in part)
            with connection.transaction():
                _fill(connection, everybody)
                for table, row in rows.items():
                    connection.execute(copy_statement(table, row, copied))
                connection.execute("DROP TABLE seed")
            progress.say(f"{part.stop:,} of {count:,} conversations")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _owner(connection: psycopg.Connection, phone_number_id: str) -> tuple[UUID, str]:
    query = "SELECT organization_id, default_flow_id::text FROM router.number WHERE phone_number_id = %s"
    row = connection.execute(query, (phone_number_id,)).fetchone()
    assert row is not None
    return row[0], row[1]


def _tables(connection: psycopg.Connection) -> list[str]:
    """Return the tables that may have a row for each conversation: those named above, and every box's lanes."""
    query = """
        SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY(%s) AND c.relkind = 'r' AND (c.relname = ANY(%s) OR c.relname LIKE '%%\\_lane')
        ORDER BY array_position(%s, c.relname::text), 1"""
    values = (list(ROOMS), list(STANDING), list(STANDING))
    return [name for (name,) in connection.execute(query, values)]


def _row(connection: psycopg.Connection, table: str, ids: Ids) -> dict[str, Any] | None:
    """Return the one row that names the conversation or, of tables without conversations, its contact or lane."""
    columns = [
        column.name for column in connection.execute(_query("SELECT * FROM {} LIMIT 0", table)).description or ()
    ]
    for column, value in (
        ("conversation_id", ids.conversation_id),
        ("contact_id", ids.contact_id),
        ("lane_id", ids.conversation_id),
        ("lane_id", ids.lane_id),
    ):
        if column in columns:
            condition = sql.SQL(" WHERE {} = %s").format(sql.Identifier(column))
            found = connection.execute(_query("SELECT * FROM {}", table) + condition, (value,)).fetchone()
            if found:
                return dict(zip(columns, found, strict=True))
    return None


def _fill(connection: psycopg.Connection, everybody: Iterator[Ids]) -> None:
    connection.execute(
        """CREATE TEMP TABLE seed (wa_id text, phone_number_id text, contact_id uuid, conversation_id uuid,
                                   state_id uuid, number_id uuid, lane_id uuid)"""
    )
    names = [field.name for field in fields(Ids)]
    with connection.cursor().copy(f"COPY seed ({', '.join(names)}) FROM STDIN") as copy:
        for ids in everybody:
            copy.write_row([getattr(ids, name) for name in names])


def copy_statement(table: str, row: Mapping[str, Any], copied: Ids) -> sql.Composed:
    """Return what inserts a row for everybody in `seed`: the model's, with everybody's own ids in place of his."""
    own = {getattr(copied, field.name): field.name for field in fields(Ids)}
    values = [
        sql.Identifier("s", own[value]) if isinstance(value, str | UUID) and value in own else sql.SQL("m.{}").format(
            sql.Identifier(column)
        )
        for column, value in row.items()
    ]  # fmt: skip
    key = {"conversation_id", "contact_id", "lane_id"}
    conditions = [
        sql.SQL("m.{} = {}").format(sql.Identifier(column), sql.Literal(value))
        for column, value in row.items()
        if column in key
    ]
    return sql.SQL("INSERT INTO {} ({}) SELECT {} FROM seed s, {} m WHERE {} ON CONFLICT DO NOTHING").format(
        _named(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(values),
        _named(table),
        sql.SQL(" AND ").join(conditions),
    )


def _query(text: LiteralString, table: str) -> sql.Composed:
    return sql.SQL(text).format(_named(table))


def _named(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))
