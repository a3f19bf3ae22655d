"""Publishing a room's flow, and taking people along as the worker does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.chassis.queue import Lanes
from services.executor.domain.publishing import Policy
from services.executor.store import PostgresFlows, PostgresMigrations, PostgresVersions
from services.executor.store.boxes import RECORDS
from services.executor.store.migrating import SETTLE
from services.executor.usecases import Publishing, Taking
from services.executor.usecases.publishing import Published
from services.executor.worker import encode_closed
from tests.fakes.executor_templates import TemplatesToldOf
from tests.integration.executor.conftest import FLOWS, Room

TEA: dict[str, Any] = json.loads((FLOWS / "tea_house.json").read_bytes())
HELLO = "Welcome to the tea house, "
WHO = "What may we call you?"
PINNED = Taking("pin", (), "")


@dataclass
class Press:
    """Publishes a room's flow, and takes people along as the worker does."""

    room: Room
    publishing: Publishing
    migrations: PostgresMigrations

    @classmethod
    def of(cls, room: Room) -> Press:
        """A press for a room, with no patience for turns of before."""
        flows = PostgresFlows(room.database, room.audit, room.starting)
        versions = PostgresVersions(room.database, room.audit, room.starting, on_begun=lambda: None)
        return cls(room, Publishing(flows, versions, TemplatesToldOf()), mover(room, settle=timedelta(0)))

    async def draft(self, document: dict[str, Any]) -> None:
        """Put a draft and publish nothing."""
        await self.room.flows.put(
            organization_id=self.room.organization_id,
            name="tea",
            document=json.dumps(document).encode(),
            publish=False,
            dry_run=False,
        )

    async def publish(
        self, policy: Policy = "pin", *moves: tuple[str, str], note: str = "", expected_digest: str = ""
    ) -> Published:
        return await self.publishing.publish(
            organization_id=self.room.organization_id,
            flow_id=self.flow_id,
            taking=Taking(policy, moves, note),
            expected_digest=expected_digest,
        )

    async def rollback(self, version: int) -> Published:
        return await self.publishing.rollback(
            organization_id=self.room.organization_id, flow_id=self.flow_id, version=version, taking=PINNED
        )

    async def go_on(self) -> int:
        """Go on until nothing is due; gives the number of steps."""
        steps = 0
        while await self.migrations.go_on():
            steps += 1
        return steps

    async def view(self, version: int) -> Any:
        _, view = await self.publishing.progress(
            organization_id=self.room.organization_id, flow_id=self.flow_id, version=version
        )
        return view

    @property
    def flow_id(self) -> UUID:
        return UUID(self.room.flow_id)


def mover(room: Room, *, settle: timedelta = SETTLE) -> PostgresMigrations:
    """Takes people along, as another replica's worker does."""
    return PostgresMigrations(room.database, Lanes(RECORDS, room.database), encode_closed, settle=settle)


def tea(**renamed: str) -> dict[str, Any]:
    """The tea house with its nodes called otherwise, and with another farewell."""
    text = json.dumps(TEA).replace("are on their way", "follow")
    for old, new in renamed.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    document: dict[str, Any] = json.loads(text)
    return document


def versions_of_people(room: Room) -> list[tuple[object, ...]]:
    return room.as_superuser(
        """SELECT flow_version, current_node_id, session ->> 'flow_version', session ->> 'current_node_id'
           FROM executor.conversation_states WHERE organization_id = %s""",
        room.organization_id,
    )


def crowd(room: Room, count: int) -> None:
    """So many people like the one who is there."""
    room.as_superuser(
        """INSERT INTO executor.conversation_states
             (organization_id, id, conversation_id, contact_id, flow_id, flow_version, current_node_id, variables,
              execution_path, is_active, session, last_message_at, session_expires_at, created_at, updated_at, revision)
           SELECT organization_id, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), flow_id, flow_version,
              current_node_id, variables, execution_path, is_active, session, last_message_at, session_expires_at,
              created_at, updated_at, revision
           FROM executor.conversation_states, generate_series(1, %s) WHERE organization_id = %s""",
        count,
        room.organization_id,
    )


def due_now(room: Room) -> None:
    room.as_superuser(
        "UPDATE executor.flow_migration_due SET due_at = now() WHERE organization_id = %s", room.organization_id
    )


def set_in_session(room: Room, values: dict[str, Any]) -> None:
    room.as_superuser(
        "UPDATE executor.conversation_states SET session = session || %s::jsonb WHERE organization_id = %s",
        json.dumps(values),
        room.organization_id,
    )


def session_of(room: Room) -> dict[str, Any]:
    ((session,),) = room.as_superuser(
        "SELECT session FROM executor.conversation_states WHERE organization_id = %s", room.organization_id
    )
    assert isinstance(session, dict)
    return session
