"""What the log held before there were rollups is counted by the migration as if it came now."""

import importlib
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg

from services.analytics.domain.record import Record, RecordKind
from services.analytics.store import PostgresStore
from services.chassis.db import Database
from tests.fakes.analytics_records import NOON
from tests.fixtures.servers import Database as OwnDatabase

ROLLUPS = (
    "flow_day", "node_day", "edge_day", "conversation_day", "audience_day", "segment_count", "delivery_day",
    "failure_day", "flow_contact", "contact_day", "conversation_count",
)  # fmt: skip
FLOW = UUID(int=51)
ROLLED_UP = importlib.import_module("services.analytics.migrations.0006_rollups")
GOING_ON = importlib.import_module("services.analytics.migrations.0009_what_goes_on")


def records(organization_id: UUID) -> list[Record]:
    """As the release before kept them: of seven people, one without a number; some runs over, some not."""
    made: list[Record] = []
    for number in range(12):
        conversation, phone = UUID(int=500 + number % 7), f"5511900{number % 6}" if number % 7 else ""
        said = [
            (RecordKind.CONTACT_MESSAGE, None, "oi", "", ""),
            (RecordKind.FLOW_STARTED, FLOW, "number", "", ""),
            *[(RecordKind.BOT_MESSAGE, FLOW, "Quantos?", "", "")] * (1 + number),
            (RecordKind.INVALID_ANSWER, FLOW, "number", "", ""),
            (RecordKind.HANDED_OVER, FLOW, "q", "", ""),
            (RecordKind.DELIVERY, FLOW, "", "accepted", ""),
            (RecordKind.DELIVERY, FLOW, "", "sent", ""),
            (RecordKind.DELIVERY, FLOW, "", "read" if number % 2 else "failed", "sent"),
        ]
        if number % 3:
            said.append((RecordKind.FLOW_ENDED, FLOW, "end_node" if number % 2 else "expired", "", ""))
        for place, (kind, flow_id, text, status, former) in enumerate(said):
            is_delivery = kind is RecordKind.DELIVERY
            made.append(
                Record(
                    organization_id, NOON - timedelta(hours=9 * number) + timedelta(seconds=place),
                    f"delivery:{number}:{status}" if is_delivery else f"event {number}#{place}", place, kind,
                    conversation, phone, flow_id, "ask" if flow_id else "", text, status,
                    131047 if status == "failed" else 0, former_status=former,
                )
            )  # fmt: skip
    return made


def rows_of(connection: psycopg.Connection, organization_id: UUID) -> dict[str, list[str]]:
    return {
        table: sorted(
            str(row[0])
            for row in connection.execute(
                f"SELECT to_jsonb(t) - 'conversation_id' FROM analytics.{table} t WHERE organization_id = %s".encode(),
                (organization_id,),
            )
        )
        for table in ROLLUPS
    }


async def test_the_migration_counts_what_was_kept_before(module_database: OwnDatabase) -> None:
    organization_id = uuid4()
    database = await Database.open(module_database.url_of("analytics"), size=1, name="before")
    await PostgresStore(database).add(records(organization_id))
    await database.close()

    with psycopg.connect(module_database.superuser_url) as connection:
        counted = rows_of(connection, organization_id)
        for table in ROLLUPS[:-1]:
            connection.execute(f"TRUNCATE analytics.{table}".encode())
        connection.execute(
            """UPDATE analytics.conversation_count SET last_at = NULL, started_place = NULL, started_day = NULL,
                 ended_place = NULL, is_finished = false"""
        )
        for statement in (*ROLLED_UP.BACKFILL, GOING_ON.BACKFILL):
            connection.execute(statement)
        found = rows_of(connection, organization_id)
        connection.rollback()

    assert all(counted[table] for table in ROLLUPS if table != "edge_day")
    assert found == counted
