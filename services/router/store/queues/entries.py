"""Conversations among people: found, pulled, given, moved, ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Step, Transaction
from services.chassis.errors import FailedPrecondition, NotFound
from services.pb.common.v1 import errors_pb2
from services.router.domain.identity import Identity
from services.router.domain.queues import Agent, Entry, Floor, Placement, Queue, place_in, pullable, refusal_of
from services.router.ports.queues import EntryFilter, Found, Place
from services.router.store.queues.floors import floors_in, reading_floors
from services.router.store.queues.moving import Held, ending, giving, holding, putting
from services.router.store.queues.rows import entries_in, noting, reading_entries
from services.router.usecases.unknown import unknown_agent, unknown_department, unknown_queue

_MINE = "organization_id = %(organization)b::uuid"

_BY_ID = Query(f"""
    SELECT conversation_id, owner FROM router.conversation
    WHERE {_MINE} AND conversation_id = %(conversation)b::uuid""")
_BY_NAME = Query("""
    SELECT v.conversation_id, v.owner FROM (
      SELECT contact_id FROM router.contact_identity
      WHERE organization_id = %(organization)b::uuid AND kind = %(kind)b::text AND value = %(value)b::text LIMIT 1) i
    JOIN router.conversation v ON v.organization_id = %(organization)b::uuid AND v.contact_id = i.contact_id
    WHERE %(number)b::text IN ('', v.phone_number_id)
    ORDER BY v.last_inbound_at DESC, v.phone_number_id LIMIT 1""")

# Two pulls of one agent go one after the other, so that each counts what the other took.
_LOCK_AGENT = Query(f"SELECT 1 FROM router.agent WHERE {_MINE} AND agent_id = %(agent)b::uuid FOR NO KEY UPDATE")

# Of each queue so many are looked at first, by the index of their turns: sorting all that wait takes longer the more
# there are. Only where others hold all of these is it done.
_FIRST = 100
_FIRST_OF_EACH = f"""e.entry_id = ANY (ARRAY(
        SELECT c.entry_id FROM unnest(%(queues)b::uuid[]) t(q) CROSS JOIN LATERAL (
          SELECT entry_id FROM router.queue_entry
          WHERE organization_id = %(organization)b::uuid AND queue_id = t.q AND state = 'waiting'
          ORDER BY priority DESC, is_vip DESC, queued_at, entry_id LIMIT {_FIRST}) c))"""
_ALL = "e.queue_id = ANY (%(queues)b::uuid[])"
# Ids come as arrays: a join the planner would make by the organization alone, while statistics are young.
_PULLING = """
    WITH chosen AS MATERIALIZED (
      SELECT e.entry_id FROM router.queue_entry e
      WHERE e.organization_id = %(organization)b::uuid AND e.state = 'waiting' AND {}
      ORDER BY (%(priorities)b::int[])[array_position(%(queues)b::uuid[], e.queue_id)] DESC,
               e.priority DESC, e.is_vip DESC, e.queued_at, e.entry_id
      LIMIT 1 FOR NO KEY UPDATE OF e SKIP LOCKED)
    UPDATE router.queue_entry
    SET state = 'assigned', agent_id = %(agent)b::uuid, assigned_at = %(now)b::timestamptz, is_notice_due = false
    WHERE organization_id = %(organization)b::uuid AND entry_id = (SELECT entry_id FROM chosen)
    RETURNING entry_id"""
# Whoever else is about to be given the first gets the next: nobody waits, and nothing is given twice.
_PULLS = (Query(_PULLING.format(_FIRST_OF_EACH)), Query(_PULLING.format(_ALL)))

_PAGE = """
    SELECT entry_id FROM router.queue_entry
    WHERE organization_id = %(organization)b::uuid AND {}
      AND (%(queue)b::uuid IS NULL OR queue_id = %(queue)b::uuid)
      AND (%(agent)b::uuid IS NULL OR agent_id = %(agent)b::uuid)
      AND (%(state)b::text IS NULL OR state = %(state)b::text)
      AND (%(at)b::timestamptz IS NULL OR (queued_at, entry_id) < (%(at)b::timestamptz, %(id)b::uuid))
    ORDER BY queued_at DESC, entry_id DESC LIMIT %(limit)b::bigint"""
_OPEN_PAGE, _ENDED_PAGE = Query(_PAGE.format("state <> 'ended'")), Query(_PAGE.format("state = 'ended'"))

_WHY = {
    "inactive": "the agent is not active; choose another, or put the agent again as active",
    "not_there": "the agent is not available now; choose one who is",
    "no_room": "the agent has as many conversations as they may have; choose another",
    "other_department": "the agent is of another department; choose one of this, or transfer the conversation first",
    "skills": "the agent may not have conversations of this queue, or lacks a skill; choose another",
}


class PostgresEntries:
    """See ports.queues.EntryStore."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def find(self, *, organization_id: UUID, named: Identity | UUID, phone_number_id: str) -> Found | None:
        """See EntryStore."""
        values: dict[str, object] = {"organization": organization_id, "number": phone_number_id}
        step: Step
        if isinstance(named, UUID):
            step = (_BY_ID, values | {"conversation": named})
        else:
            step = (_BY_NAME, values | {"kind": named.kind, "value": named.value})
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return Found(*rows[0]) if rows else None

    async def pull(
        self, *, organization_id: UUID, agent_id: UUID, queue_ids: Collection[UUID], now: datetime
    ) -> Entry | None:
        """See EntryStore."""
        async with self._database.journey([organization_id]) as journey:
            locking = (_LOCK_AGENT, {"organization": organization_id, "agent": agent_id})
            _, *rows = await journey.run([locking, *reading_floors([organization_id], with_waiting=False)])
            floor = floors_in([organization_id], rows)[organization_id]
            queues = pullable(floor, _agent(floor, agent_id), queue_ids, now)
            if not queues:
                return None
            entry_id = await _pulled(journey, _pulling(organization_id, agent_id, queues, now))
            if entry_id is None:
                return None
            note = noting(organization_id, [entry_id], "pulled", now=now, actor=self._audit.who())
            read = await journey.commit([note, *reading_entries(organization_id, [entry_id])])
        return entries_in(read[1:])[0]

    async def assign(
        self,
        *,
        organization_id: UUID,
        conversation_id: UUID,
        agent_id: UUID,
        entry_id: UUID,
        reason: str,
        now: datetime,
    ) -> Entry:
        """See EntryStore."""
        async with self._database.journey([organization_id]) as journey:
            held, floor = await self._hold(journey, organization_id, conversation_id, entry_id, agent_id)
            if held.agent_id == agent_id:
                return entries_in(await journey.run(reading_entries(organization_id, [held.entry_id])))[0]
            queue = floor.queues.get(held.queue_id) if held.queue_id else None
            refusal = refusal_of(floor, _agent(floor, agent_id), queue, now)
            if refusal is not None:
                raise FailedPrecondition(_WHY[refusal], reason=errors_pb2.ERROR_REASON_AGENT_UNAVAILABLE)
            note = noting(organization_id, [held.entry_id], "assigned", now=now, actor=self._audit.who(), reason=reason)
            after = {"queue": held.queue_id, "agent": agent_id, "reason": reason}
            steps = [giving(held, agent_id, now), note]
            return await self._move(journey, held, steps, "conversation.assign", after)

    async def transfer(
        self,
        *,
        organization_id: UUID,
        conversation_id: UUID,
        queue_id: UUID | None,
        department_id: UUID | None,
        entry_id: UUID,
        reason: str,
        now: datetime,
    ) -> Entry:
        """See EntryStore."""
        async with self._database.journey([organization_id]) as journey:
            held, floor = await self._hold(journey, organization_id, conversation_id, entry_id, None)
            if held.queue_id and held.is_waiting:
                # It is about to leave: whether its own queue is full is not its business.
                floor.waiting[held.queue_id] -= 1
            placement = place_in(floor, _queue(floor, queue_id, department_id), now)
            steps = [
                putting(held, placement, now),
                *self._told(held, placement, reason, now),
            ]
            after = {"queue": placement.queue_id, "agent": None, "reason": reason}
            return await self._move(journey, held, steps, "conversation.transfer", after)

    async def end(self, *, organization_id: UUID, conversation_id: UUID, reason: str, now: datetime) -> bool:
        """See EntryStore."""
        locking = self._audit.locking([organization_id])
        async with self._database.journey([organization_id]) as journey:
            rows = await journey.run([*locking, *holding(organization_id, conversation_id)])
            held = Held.read(organization_id, conversation_id, conversation_id, rows[len(locking) :])
            if held is None or (held.is_bots and held.is_new):
                return False
            entry = AuditEntry(
                organization_id,
                "conversation.release",
                f"conversation:{conversation_id}",
                before=digest_of({"queue": held.queue_id, "agent": held.agent_id}),
                after=digest_of({"queue": held.queue_id, "agent": None, "reason": reason}),
            )
            ends = ending(
                organization_id, [conversation_id], how="released", reason=reason, actor=self._audit.who(), now=now
            )
            await journey.commit([held.owning("bot"), ends, *self._audit.steps([entry])])
        return True

    async def page(
        self, *, organization_id: UUID, chosen: EntryFilter, limit: int, after: Place | None
    ) -> Sequence[Entry]:
        """See EntryStore."""
        values = {
            "organization": organization_id,
            "queue": chosen.queue_id,
            "agent": chosen.agent_id,
            "state": chosen.state,
            "at": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        }
        async with self._database.journey([organization_id], durable=False) as journey:
            query = _ENDED_PAGE if chosen.state == "ended" else _OPEN_PAGE
            (found,) = await journey.run([(query, values)])
            return entries_in(await journey.run(reading_entries(organization_id, [row[0] for row in found])))

    async def _hold(
        self,
        journey: Transaction,
        organization_id: UUID,
        conversation_id: UUID,
        entry_id: UUID,
        agent_id: UUID | None,
    ) -> tuple[Held, Floor]:
        """The conversation, locked, and the floor. Raises NotFound."""
        locking = self._audit.locking([organization_id])
        held_steps = holding(organization_id, conversation_id, agent_id=agent_id)
        rows = (await journey.run([*locking, *held_steps, *reading_floors([organization_id])]))[len(locking) :]
        held = Held.read(organization_id, conversation_id, entry_id, rows[: len(held_steps)])
        if held is None:
            raise NotFound("Conversation not found", reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND)
        return held, floors_in([organization_id], rows[len(held_steps) :])[organization_id]

    async def _move(self, journey: Transaction, held: Held, steps: Sequence[Step], action: str, after: object) -> Entry:
        entry = AuditEntry(
            held.organization_id,
            action,
            f"conversation:{held.conversation_id}",
            before=None if held.is_new else digest_of({"queue": held.queue_id, "agent": held.agent_id}),
            after=digest_of(after),
        )
        reading = reading_entries(held.organization_id, [held.entry_id])
        ordered = [held.owning("person"), *steps, *reading, *self._audit.steps([entry])]
        rows = await journey.commit(ordered)
        first = 1 + len(steps)
        return entries_in(rows[first : first + len(reading)])[0]

    def _told(self, held: Held, placement: Placement, reason: str, now: datetime) -> list[Step]:
        notes = [
            noting(
                held.organization_id, [held.entry_id], "transferred", now=now, actor=self._audit.who(),
                left=held.queue_id, reason=reason,
            )
        ]  # fmt: skip
        hop = placement.hop
        if hop is not None:
            notes.append(
                noting(
                    held.organization_id, [held.entry_id], "overflowed", now=now, actor=self._audit.who(),
                    left=hop.from_queue_id, reason=hop.reason,
                )
            )  # fmt: skip
        return notes


async def _pulled(journey: Transaction, values: Mapping[str, object]) -> UUID | None:
    for query in _PULLS:
        (rows,) = await journey.run([(query, values)])
        if rows:
            entry_id: UUID = rows[0][0]
            return entry_id
    return None


def _pulling(organization_id: UUID, agent_id: UUID, queues: Sequence[Queue], now: datetime) -> Mapping[str, object]:
    return {
        "organization": organization_id,
        "agent": agent_id,
        "queues": [queue.queue_id for queue in queues],
        "priorities": [queue.priority for queue in queues],
        "now": now,
    }


def _agent(floor: Floor, agent_id: UUID) -> Agent:
    agent = floor.agents.get(agent_id)
    if agent is None:
        raise unknown_agent()
    return agent


def _queue(floor: Floor, queue_id: UUID | None, department_id: UUID | None) -> Queue:
    """The queue that is meant. Raises NotFound."""
    if queue_id is not None:
        queue = floor.queues.get(queue_id)
        if queue is None or not floor.is_in_service(queue):
            raise unknown_queue("queue_id is out of service, or")
        return queue
    if department_id not in floor.departments:
        raise unknown_department()
    queues = [each for each in floor.queues.values() if each.department_id == department_id]
    first = min(filter(floor.is_in_service, queues), key=lambda each: (-each.priority, each.name), default=None)
    if first is None:
        raise unknown_queue("the department has no queue in service, so there is")
    return first
