"""Conversations as people work them off. Audited changes of an organization go one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database, Query, Step
from services.router.domain.conversation import Owner
from services.router.domain.identity import Identity
from services.router.domain.people import ConversationFilter, ConversationView, Handling, Note, Place
from services.router.usecases.unknown import unknown_conversation

_COLUMNS = """v.conversation_id, c.contact_id, coalesce(NULLIF(c.given_name, ''), c.name), c.wa_id, c.user_id,
           v.phone_number_id, v.owner, e.agent_id, e.queue_id, v.tags, v.last_inbound_at, v.window_expires_at,
           v.window_expires_at IS NOT NULL AND v.last_inbound_at > coalesce(v.read_up_to, '-infinity')"""
_MINE = "v.organization_id = %(organization)b::uuid"
# The agent is the one of the entry in the queues; one that waits has none.
_CONTACT = """JOIN router.contact c ON c.organization_id = %(organization)b::uuid AND c.contact_id = v.contact_id
    LEFT JOIN router.queue_entry e ON e.organization_id = %(organization)b::uuid
      AND e.conversation_id = v.conversation_id AND e.state <> 'ended'"""


def _page(condition: str) -> Query:
    """A list within what one partial index holds; without a condition it reads all conversations."""
    return Query(f"""
    SELECT {_COLUMNS} FROM router.conversation v {_CONTACT}
    WHERE {_MINE} {condition} AND c.merged_into IS NULL
      AND (v.last_inbound_at, v.conversation_id) < (%(moment)b::timestamptz, %(id)b::uuid)
      AND (%(owner)b::text = '' OR v.owner = %(owner)b::text)
      AND (%(agent)b::uuid IS NULL OR e.agent_id = %(agent)b::uuid)
      AND (%(queue)b::uuid IS NULL OR e.queue_id = %(queue)b::uuid)
      AND (%(department)b::uuid IS NULL OR e.queue_id IN (
        SELECT queue_id FROM router.queue
        WHERE organization_id = %(organization)b::uuid AND department_id = %(department)b::uuid))
      AND (%(tag)b::text = '' OR %(tag)b::text = ANY (v.tags))
      AND (NOT %(is_unread)b::bool OR (v.window_expires_at IS NOT NULL
                                       AND v.last_inbound_at > coalesce(v.read_up_to, '-infinity')))
    ORDER BY v.last_inbound_at DESC, v.conversation_id DESC LIMIT %(limit)b::bigint""")


_OF_ALL = _page("")
_OF_PEOPLE = _page("AND v.owner = 'person'")
_OF_AGENT = _page("""AND v.conversation_id = ANY (ARRAY(
        SELECT conversation_id FROM router.queue_entry
        WHERE organization_id = %(organization)b::uuid AND agent_id = %(agent)b::uuid AND state = 'assigned'))""")

_OF_QUEUES = _page("""AND v.conversation_id = ANY (ARRAY(
        SELECT conversation_id FROM router.queue_entry
        WHERE organization_id = %(organization)b::uuid AND state <> 'ended'))""")

# A conversation of a contact that was merged away is by now the winner's with the same number.
_WHICH = """FROM (
      SELECT contact_id, phone_number_id FROM router.conversation
      WHERE organization_id = %(organization)b::uuid AND conversation_id = %(conversation)b::uuid LIMIT 1) s
    CROSS JOIN LATERAL (
      SELECT coalesce(merged_into, contact_id) AS contact_id FROM router.contact
      WHERE organization_id = %(organization)b::uuid AND contact_id = s.contact_id LIMIT 1) m"""
_ONE = Query(f"""
    SELECT {_COLUMNS} {_WHICH}
    JOIN router.conversation v ON {_MINE} AND v.contact_id = m.contact_id AND v.phone_number_id = s.phone_number_id
    {_CONTACT}""")
_LATEST = Query(f"""
    SELECT {_COLUMNS} FROM (
      SELECT contact_id FROM router.contact_identity
      WHERE organization_id = %(organization)b::uuid AND kind = %(kind)b::text AND value = %(value)b::text LIMIT 1) i
    JOIN router.conversation v ON {_MINE} AND v.contact_id = i.contact_id
    {_CONTACT} ORDER BY v.last_inbound_at DESC, v.conversation_id LIMIT 1""")

_LOCK = Query(f"""
    SELECT v.conversation_id, v.tags {_WHICH}
    JOIN router.conversation v ON {_MINE} AND v.contact_id = m.contact_id AND v.phone_number_id = s.phone_number_id
    FOR NO KEY UPDATE OF v""")
_WRITE = Query(f"""
    UPDATE router.conversation v SET tags = %(tags)b::text[]
    WHERE {_MINE} AND v.conversation_id = %(conversation)b::uuid""")
_READ = Query(f"""
    UPDATE router.conversation v SET read_up_to = v.last_inbound_at
    WHERE {_MINE} AND v.conversation_id = %(conversation)b::uuid""")

_ADD_NOTE = Query("""
    INSERT INTO router.conversation_note (organization_id, note_id, conversation_id, contact_id, author, text)
    SELECT %(organization)b::uuid, %(note)b::uuid, v.conversation_id, v.contact_id, %(author)b::text, %(text)b::text
    FROM router.conversation v
    WHERE v.organization_id = %(organization)b::uuid AND v.conversation_id = %(conversation)b::uuid
    RETURNING note_id, author, text, created_at""")
_NOTES = Query("""
    SELECT note_id, author, text, created_at FROM router.conversation_note
    WHERE organization_id = %(organization)b::uuid AND conversation_id = %(conversation)b::uuid
    ORDER BY created_at, note_id LIMIT %(limit)b::bigint""")


class PostgresInbox:
    """See ports.people.InboxStore."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    async def page(
        self, *, organization_id: UUID, chosen: ConversationFilter, after: Place, limit: int
    ) -> Sequence[ConversationView]:
        """See InboxStore."""
        values = {
            "organization": organization_id,
            "moment": after.moment,
            "id": after.id,
            "owner": chosen.owner or "",
            "agent": chosen.agent_id,
            "queue": chosen.queue_id,
            "department": chosen.department_id,
            "tag": chosen.tag,
            "is_unread": chosen.is_unread,
            "limit": limit,
        }
        return await self._views(organization_id, (_page_for(chosen), values))

    async def one(self, *, organization_id: UUID, conversation_id: UUID) -> ConversationView | None:
        """See InboxStore."""
        step = (_ONE, {"organization": organization_id, "conversation": conversation_id})
        return next(iter(await self._views(organization_id, step)), None)

    async def latest_of(self, *, identity: Identity) -> ConversationView | None:
        """See InboxStore."""
        organization_id, kind, value = identity
        step = (_LATEST, {"organization": organization_id, "kind": kind, "value": value})
        return next(iter(await self._views(organization_id, step)), None)

    async def edit(self, *, organization_id: UUID, conversation_id: UUID, edit: Callable[[Handling], Handling]) -> bool:
        """See InboxStore."""
        key = {"organization": organization_id, "conversation": conversation_id}
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_LOCK, key)])
            if not rows:
                raise unknown_conversation()
            current_id, tags = rows[0]
            before = Handling(tags=tuple(tags))
            after = edit(before)
            if after == before:
                return False
            values = key | {"conversation": current_id, "tags": list(after.tags)}
            entry = AuditEntry(
                organization_id,
                "conversation.update",
                f"conversation:{current_id}",
                before=digest_of(before),
                after=digest_of(after),
            )
            await journey.commit([(_WRITE, values), *self._audit.steps([entry])])
        return True

    async def mark_read(self, *, organization_id: UUID, conversation_id: UUID) -> None:
        """See InboxStore."""
        values = {"organization": organization_id, "conversation": conversation_id}
        await self._database.batch([organization_id], [(_READ, values)])

    async def add_note(self, *, organization_id: UUID, conversation_id: UUID, note_id: UUID, text: str) -> Note:
        """See InboxStore."""
        author = self._audit.who()
        values = {
            "organization": organization_id,
            "conversation": conversation_id,
            "note": note_id,
            "author": author,
            "text": text,
        }
        entry = AuditEntry(
            organization_id,
            "conversation.note",
            f"conversation:{conversation_id}",
            before=None,
            after=digest_of({"note": note_id, "text": text}),
        )
        async with self._database.journey([organization_id]) as journey:
            *_, rows = await journey.run([*self._audit.locking([organization_id]), (_ADD_NOTE, values)])
            if not rows:
                raise unknown_conversation()
            await journey.commit(self._audit.steps([entry]))
        return _note(*rows[0])

    async def notes(self, *, organization_id: UUID, conversation_id: UUID, limit: int) -> Sequence[Note]:
        """See InboxStore."""
        values = {"organization": organization_id, "conversation": conversation_id, "limit": limit}
        (rows,) = await self._database.batch([organization_id], [(_NOTES, values)], durable=False)
        return [_note(*row) for row in rows]

    async def _views(self, organization_id: UUID, step: Step) -> list[ConversationView]:
        (rows,) = await self._database.batch([organization_id], [step], durable=False)
        return [_view(*row) for row in rows]


def _page_for(chosen: ConversationFilter) -> Query:
    if chosen.agent_id is not None:
        return _OF_AGENT
    if chosen.queue_id is not None or chosen.department_id is not None:
        return _OF_QUEUES
    return _OF_PEOPLE if chosen.owner == "person" else _OF_ALL


def _view(
    conversation_id: UUID,
    contact_id: UUID,
    contact_name: str,
    wa_id: str,
    user_id: str,
    phone_number_id: str,
    owner: Owner,
    agent_id: UUID | None,
    queue_id: UUID | None,
    tags: Sequence[str],
    last_inbound_at: datetime,
    window_expires_at: datetime | None,
    is_unread: Any,
) -> ConversationView:
    return ConversationView(
        conversation_id=conversation_id,
        contact_id=contact_id,
        contact_name=contact_name,
        wa_id=wa_id,
        user_id=user_id,
        phone_number_id=phone_number_id,
        owner=owner,
        agent_id=agent_id,
        queue_id=queue_id,
        handling=Handling(tags=tuple(tags)),
        is_unread=is_unread,
        last_inbound_at=last_inbound_at,
        window_expires_at=window_expires_at,
    )


def _note(note_id: UUID, author: str, text: str, created_at: datetime) -> Note:
    return Note(note_id=note_id, author=author, text=text, created_at=created_at)
