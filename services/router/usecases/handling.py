"""Conversations among people: who takes the next, who is given which, and when the bot has one again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2
from services.router.domain.identity import MOST_CHARACTERS, read_identity
from services.router.domain.queues import Entry
from services.router.ports.queues import EntryFilter, EntryStore, Found, Hands, Place
from services.router.usecases.fields import number_id, stored_text, text_of

MOST_REASON = 500
DEFAULT_PAGE, LONGEST_PAGE = 50, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationName:
    """A conversation by id, or by its contact and perhaps the business number."""

    conversation_id: UUID | None = None
    contact: str = ""
    phone_number_id: str = ""


class Handling:
    """What agents and those who lead them do with conversations."""

    def __init__(self, store: EntryStore, hands: Hands, now: Now, new_id: Callable[[], UUID]) -> None:
        self._store = store
        self._hands = hands
        self.now = now
        self._new_id = new_id

    async def pull(self, *, organization_id: UUID, agent_id: UUID, queue_ids: Collection[UUID]) -> Entry | None:
        """Give an agent the conversation whose turn it is; None when none waits for them. Raises NotFound."""
        return await self._store.pull(
            organization_id=organization_id, agent_id=agent_id, queue_ids=queue_ids, now=self.now()
        )

    async def assign(self, *, organization_id: UUID, name: ConversationName, agent_id: UUID, reason: str) -> Entry:
        """Give a conversation to an agent. Raises NotFound, FailedPrecondition or InvalidArgument.

        Repeats are harmless: who has it keeps it, and the flow is told once an entry.
        """
        found = await self._find(organization_id, name)
        entry = await self._store.assign(
            organization_id=organization_id,
            conversation_id=found.conversation_id,
            agent_id=agent_id,
            entry_id=self._new_id(),
            reason=stored_text("reason", reason, most=MOST_REASON),
            now=self.now(),
        )
        await self._tell_flow(organization_id, entry)
        return entry

    async def transfer(
        self,
        *,
        organization_id: UUID,
        name: ConversationName,
        queue_id: UUID | None,
        department_id: UUID | None,
        reason: str,
    ) -> Entry:
        """Put a conversation into a queue, with all that people were told of it. Raises NotFound or InvalidArgument."""
        if (queue_id is None) == (department_id is None):
            raise InvalidArgument("set one of queue_id and department_id")
        found = await self._find(organization_id, name)
        entry = await self._store.transfer(
            organization_id=organization_id,
            conversation_id=found.conversation_id,
            queue_id=queue_id,
            department_id=department_id,
            entry_id=self._new_id(),
            reason=stored_text("reason", reason, most=MOST_REASON),
            now=self.now(),
        )
        await self._tell_flow(organization_id, entry)
        return entry

    async def release(
        self, *, organization_id: UUID, name: ConversationName, is_unattended: bool, reason: str
    ) -> tuple[UUID, bool]:
        """Give a conversation back to the bot: its id, and whether people had it. Raises NotFound or InvalidArgument.

        The flow is told first: what the contact says from the moment the bot owns the conversation comes after it.
        """
        stored_text("reason", reason, most=MOST_REASON)
        found = await self._find(organization_id, name)
        conversation_id = found.conversation_id
        if found.owner == "bot":
            return conversation_id, False
        await self._hands.release(
            organization_id=organization_id,
            conversation_id=conversation_id,
            key=str(self._new_id()),
            is_unattended=is_unattended,
        )
        is_changed = await self._store.end(
            organization_id=organization_id, conversation_id=conversation_id, reason=reason, now=self.now()
        )
        return conversation_id, is_changed

    async def page(
        self, *, organization_id: UUID, chosen: EntryFilter, limit: int, cursor: str
    ) -> tuple[Sequence[Entry], str]:
        """Entries, newest first, and where the next page begins. Raises InvalidArgument."""
        if not 0 <= limit <= LONGEST_PAGE:
            raise InvalidArgument(f"limit is {limit}; use 1 to {LONGEST_PAGE}, or 0 for {DEFAULT_PAGE}")
        size = limit or DEFAULT_PAGE
        found = await self._store.page(
            organization_id=organization_id, chosen=chosen, limit=size + 1, after=_place(cursor)
        )
        shown = found[:size]
        return shown, cursor_after(shown[-1]) if len(found) > size else ""

    async def _find(self, organization_id: UUID, name: ConversationName) -> Found:
        if (name.conversation_id is None) == (not name.contact):
            raise InvalidArgument("set one of conversation.conversation_id and conversation.contact")
        if name.phone_number_id:
            number_id("conversation.phone_number_id", name.phone_number_id)
        named = name.conversation_id or read_identity(
            organization_id, text_of("conversation.contact", name.contact, most=MOST_CHARACTERS)
        )
        found = await self._store.find(
            organization_id=organization_id, named=named, phone_number_id=name.phone_number_id
        )
        if found is None:
            raise NotFound("Conversation not found", reason=errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND)
        return found

    async def _tell_flow(self, organization_id: UUID, entry: Entry) -> None:
        """A flow that handed the conversation over knows already. Told again and again it hears it once."""
        if not entry.is_flows:
            await self._hands.take(
                organization_id=organization_id, conversation_id=entry.conversation_id, key=f"entry:{entry.entry_id}"
            )


def cursor_after(last: Entry) -> str:
    """Where the page after one that ended with this entry begins."""
    return f"{last.queued_at.isoformat()}/{last.entry_id}"


def _place(cursor: str) -> Place | None:
    if not cursor:
        return None
    moment, _, entry_id = cursor.partition("/")
    try:
        at, last = datetime.fromisoformat(moment), UUID(entry_id)
    except ValueError:
        raise _bad_cursor() from None
    if at.tzinfo is None:
        raise _bad_cursor()
    return at, last


def _bad_cursor() -> InvalidArgument:
    return InvalidArgument("cursor is none that a page ended with; leave it empty to begin")
