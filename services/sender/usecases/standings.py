"""How numbers and templates stand: what Meta says, remembered for a minute, and what sender found out itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from services.chassis.clock import Monotonic
from services.sender.cache import ManagementCalls, Pauses
from services.sender.domain.codes import Scope
from services.sender.domain.health import NUMBER_FIELDS, NumberState, state_of
from services.sender.domain.pausing import names_of
from services.sender.domain.standing import Standing
from services.sender.domain.templates import TemplateKey
from services.sender.ports import Graph, Key, NumberFacts, ReachStore, TemplateStore
from services.sender.ports.teams import HealthBook

_REMEMBER_SECONDS = 60.0
_MOST_NUMBERS = 1000

FactsOf = Callable[[Sequence[Key]], Awaitable[list[NumberFacts]]]
"""What is known of numbers, in order (cache.Numbers.get)."""


class NumberStandings:
    """See ports.campaigns.Standings. When Meta cannot be asked, what it said last holds."""

    def __init__(
        self,
        facts_of: FactsOf,
        graph: Graph,
        calls: ManagementCalls,
        book: HealthBook,
        pauses: Pauses,
        templates: TemplateStore,
        reach: ReachStore,
        monotonic: Monotonic,
        *,
        messages_per_second: float,
    ) -> None:
        """`messages_per_second` is for numbers of which nothing else is known."""
        self._facts_of = facts_of
        self._graph = graph
        self._calls = calls
        self._book = book
        self._pauses = pauses
        self._templates = templates
        self._reach = reach
        self._monotonic = monotonic
        self._rate = messages_per_second
        self._known: OrderedDict[Key, tuple[float, NumberState]] = OrderedDict()

    async def of(self, *, organization_id: UUID, phone_number_id: str, template: str) -> Standing:
        """See Standings."""
        key = (organization_id, phone_number_id)
        (facts,) = await self._facts_of([key])
        told = await self._told(key, facts)
        state = await self._templates.state_of(TemplateKey(organization_id, facts.waba_id, template))
        trouble, paused, seconds = self._paused(key, facts, template)
        return Standing(
            messages_per_second=facts.messages_per_second or self._rate,
            quality_rating=told.quality_rating,
            messaging_limit=told.messaging_limit,
            template_status=state.status,
            template_reason=state.reason,
            template_quality=state.quality,
            template_trouble=trouble,
            paused=paused,
            paused_seconds=seconds,
            users_left=await self._users_left(organization_id, facts),
        )

    async def waiting(self, *, organization_id: UUID, phone_number_id: str) -> int:
        """See Standings."""
        backlog = (await self._book.backlogs(organization_id=organization_id)).get(phone_number_id)
        return backlog.queued if backlog else 0

    async def _told(self, key: Key, facts: NumberFacts) -> NumberState:
        """What Meta says of the number; asked no more often than its account may be."""
        asked_at, state = self._known.get(key, (float("-inf"), NumberState()))
        if self._monotonic() - asked_at < _REMEMBER_SECONDS:
            return state
        if facts.token and await self._calls.take(facts.waba_id or key[1]) <= 0:
            told = await self._graph.ask([key[1]], {"fields": NUMBER_FIELDS}, token=facts.token)
            state = state if isinstance(told, str) else state_of(told)
        self._known[key] = (self._monotonic(), state)
        self._known.move_to_end(key)
        if len(self._known) > _MOST_NUMBERS:
            self._known.popitem(last=False)
        return state

    def _paused(self, key: Key, facts: NumberFacts, template: str) -> tuple[str, str, float]:
        """What the template is refused for; why nothing of the number leaves, and for how many seconds."""
        if facts.token is None:
            return "", "the number has no access token; put one with `pytake apply`", _REMEMBER_SECONDS
        names = names_of(*key, token=facts.token, waba_id=facts.waba_id, template=template)
        refused = self._pauses.remaining([names.pop(Scope.TEMPLATE)])
        paused = self._pauses.remaining(list(names.values()))
        trouble = refused.text if refused is not None else ""
        if paused is None:
            return trouble, "", 0.0
        return trouble, f"{paused.name.scope.value} paused: {paused.text}", paused.seconds

    async def _users_left(self, organization_id: UUID, facts: NumberFacts) -> int | None:
        if not facts.users_per_day:
            return None
        reached = await self._reach.reached(organization_id=organization_id, portfolio_id=facts.portfolio_id)
        return max(facts.users_per_day - reached, 0)
