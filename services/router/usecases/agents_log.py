"""Analytics is told what agents do, each thing once, whatever is repeated."""

from __future__ import annotations

from services.chassis.logs import get_logger
from services.router.domain.queues import records_of
from services.router.ports.queues import AgentsLog, QueueWork, RecordedBy

MOST_AT_ONCE = 200

_log = get_logger(__name__)


class TellAgentsLog:
    """One turn after the other, in every replica: what two of them tell counts once."""

    def __init__(self, work: QueueWork, log: AgentsLog, recorded_by: RecordedBy) -> None:
        self._work = work
        self._agents_log = log
        self._recorded_by = recorded_by

    async def turn(self) -> None:
        """Tell until nothing is left, or something is to be tried again in the next turn. Raises a PytakeError."""
        owners = await self._work.owners()
        while owners:
            stories = await self._agents_log.untold(organization_ids=owners, limit=MOST_AT_ONCE)
            if not stories:
                return
            records = [(story, record) for story in stories for record in records_of(story)]
            outcomes = await self._recorded_by.record(records) if records else ()
            told = zip(records, outcomes, strict=True)
            later = {story.entry_id for (story, _), outcome in told if outcome.kind == "retry"}
            for outcome in outcomes:
                if outcome.kind == "invalid":
                    _log.error("agents_log_refused", reason=outcome.reason)
            done = [story for story in stories if story.entry_id not in later]
            if done:
                await self._agents_log.told(done)
            if later or len(stories) < MOST_AT_ONCE:
                return
