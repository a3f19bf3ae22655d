"""What is done with queues by itself: conversations are given away, promises watched, contacts told it is closed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.logs import get_logger
from services.router.metrics import queue_routed_total, queue_sla_alerts_total, queue_sla_breaches_total
from services.router.ports.queues import Announcer, QueueWork

MOST_AT_ONCE = 500

_log = get_logger(__name__)


class WorkQueues:
    """One turn after the other, in every replica."""

    def __init__(self, store: QueueWork, announcer: Announcer, now: Now) -> None:
        self._store = store
        self._announcer = announcer
        self._now = now

    async def turn(self) -> None:
        """Alert, announce and route for all organizations that have queues. Raises a PytakeError."""
        owners = await self._store.owners()
        if not owners:
            return
        await self._alert(owners)
        await self._route(owners)
        await self._announce(owners)

    async def _alert(self, owners: Sequence[UUID]) -> None:
        alerts = await self._store.alert(organization_ids=owners, now=self._now(), limit=MOST_AT_ONCE)
        for alert in alerts:
            queue_sla_alerts_total.inc()
            _log.warning(
                "queue_sla_alert",
                organization_id=str(alert.organization_id),
                queue_id=str(alert.queue_id),
                entry_id=str(alert.entry_id),
            )
        breaches = await self._store.breach(organization_ids=owners, now=self._now(), limit=MOST_AT_ONCE)
        queue_sla_breaches_total.inc(len(breaches))

    async def _route(self, owners: Sequence[UUID]) -> None:
        for organization_id, queue_id in await self._store.busy_queues(organization_ids=owners):
            count = await self._store.route(organization_id=organization_id, queue_id=queue_id, now=self._now())
            queue_routed_total.inc(count)

    async def _announce(self, owners: Sequence[UUID]) -> None:
        """What sender will never take is not tried again."""
        notices = await self._store.notices(organization_ids=owners, limit=MOST_AT_ONCE)
        if not notices:
            return
        said = [notice for notice in notices if notice.text]
        outcomes = await self._announcer.announce(said) if said else ()
        later = {notice.entry_id for notice, outcome in zip(said, outcomes, strict=True) if outcome.kind == "retry"}
        await self._store.told([notice for notice in notices if notice.entry_id not in later])
