"""How numbers stand at Meta, remembered for a minute, and what waits for them."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from services.chassis.clock import Monotonic
from services.sender.domain.health import NUMBER_FIELDS, NumberState, state_of
from services.sender.ports import Graph, Key
from services.sender.ports.teams import HealthBook
from services.sender.worker.surroundings import NumberBook

_REMEMBER_SECONDS = 60.0
_MOST_NUMBERS = 1000


class NumberStandings:
    """See ports.campaigns.Standings. When Meta cannot be asked, what it said last holds."""

    def __init__(self, numbers: NumberBook, graph: Graph, book: HealthBook, monotonic: Monotonic) -> None:
        self._numbers = numbers
        self._graph = graph
        self._book = book
        self._monotonic = monotonic
        self._known: OrderedDict[Key, tuple[float, NumberState]] = OrderedDict()

    async def of(self, *, organization_id: UUID, phone_number_id: str) -> NumberState:
        """See Standings."""
        key = (organization_id, phone_number_id)
        asked_at, state = self._known.get(key, (float("-inf"), NumberState()))
        if self._monotonic() - asked_at < _REMEMBER_SECONDS:
            return state
        (facts,) = await self._numbers.get([key])
        token = facts.token or ""
        told = await self._graph.ask([phone_number_id], {"fields": NUMBER_FIELDS}, token=token) if token else ""
        state = state if isinstance(told, str) else state_of(told)
        self._known[key] = (self._monotonic(), state)
        self._known.move_to_end(key)
        if len(self._known) > _MOST_NUMBERS:
            self._known.popitem(last=False)
        return state

    async def waiting(self, *, organization_id: UUID, phone_number_id: str) -> int:
        """See Standings."""
        backlog = (await self._book.backlogs(organization_id=organization_id)).get(phone_number_id)
        return backlog.queued if backlog else 0
