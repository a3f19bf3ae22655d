"""People take conversations and give them back: the conversation hears of it, and router, and the audit log."""

from __future__ import annotations

from collections.abc import Callable

from services.chassis.audit import AuditEntry, AuditLog, digest_of
from services.chassis.db import Database
from services.chassis.queue import Item, Lanes
from services.executor.ports import Hand

Encode = Callable[[Hand], tuple[Item, Item]]


class PostgresHands:
    """See ports.Hands."""

    def __init__(
        self,
        database: Database,
        inbox: Lanes,
        notices: Lanes,
        audit: AuditLog,
        *,
        encode: Encode,
        on_queued: Callable[[], None],
    ) -> None:
        """`encode` gives the event for the conversation and the order for router; `on_queued` is told of new ones."""
        self._database = database
        self._inbox = inbox
        self._notices = notices
        self._audit = audit
        self._encode = encode
        self._on_queued = on_queued

    async def give(self, hand: Hand) -> bool:
        """See ports.Hands."""
        event, order = self._encode(hand)
        entering, telling = self._inbox.enqueueing([event]), self._notices.enqueueing([order])
        async with self._database.journey([hand.organization_id]) as journey:
            # The audit log before the lanes, and the lanes as a turn locks them.
            await journey.run(self._audit.locking([hand.organization_id]))
            rows = await journey.run([*entering.steps, *telling.steps])
            (is_new,) = entering.read(rows[: len(entering.steps)])
            if is_new:
                await journey.commit(self._audit.steps([_entry(hand)]))
        if is_new:
            self._on_queued()
        return is_new


def _entry(hand: Hand) -> AuditEntry:
    was_taken = hand.outcome == "taken"
    return AuditEntry(
        hand.organization_id,
        "conversation.take" if was_taken else "conversation.release",
        f"conversation:{hand.conversation_id}",
        after=digest_of({"outcome": hand.outcome}),
    )
