"""Gives the plain monolith its tables, one organization, its numbers and their flow."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from tests.benchmarks.flows import workshop_flow

SCHEMA = Path(__file__).with_name("schema.sql")


def provision(database_url: str, phone_number_ids: Sequence[str]) -> None:
    """Create everything in an empty database (a postgresql URL)."""
    organization_id, flow_id, flow = uuid.uuid4(), uuid.uuid4(), workshop_flow()
    with psycopg.connect(database_url) as connection:
        connection.execute(SCHEMA.read_text())
        connection.execute(
            "INSERT INTO flow VALUES (%s, %s, %s, %s)", (flow_id, organization_id, flow["name"], Jsonb(flow))
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO number VALUES (%s, %s, %s, %s)",
                [(number, organization_id, f"EAA-of-{number}", flow_id) for number in phone_number_ids],
            )
