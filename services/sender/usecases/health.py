"""How numbers do: what Meta says of them, what waits for them, what failed; and whether they can work at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from uuid import UUID

from services.chassis.clock import Now
from services.sender.cache import ManagementCalls
from services.sender.domain.health import (
    NUMBER_FIELDS,
    Finding,
    NumberState,
    TokenFacts,
    Told,
    ids_in,
    on_scopes,
    on_subscription,
    on_token,
    on_webhook,
    state_of,
    token_of,
)
from services.sender.ports import CredentialStore, Graph, NumberFacts, Pause
from services.sender.ports.teams import Backlog, Failures, HealthBook
from services.sender.usecases import KeepNumbers, too_often

_AT_ONCE = 8
_MOST_ACCOUNTS = 10
_MOST_ERRORS = 10
_SEALED = "the stored token does not open; check SEALING_KEYS"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class NumberHealth:
    """How one number does; `problem` says why Meta did not tell, `facts` what sender keeps to."""

    phone_number_id: str
    state: NumberState
    problem: str
    backlog: Backlog
    failures: Sequence[Failures]
    pauses: Sequence[Pause]
    facts: NumberFacts


@dataclass(frozen=True, slots=True)
class NumberFinding:
    """A finding about one number."""

    phone_number_id: str
    finding: Finding


class TellHealth:
    """Tells how numbers do, and checks them with the Graph API; no account is asked about more often than it may."""

    def __init__(
        self,
        tokens: CredentialStore,
        graph: Graph,
        book: HealthBook,
        numbers: KeepNumbers,
        calls: ManagementCalls,
        now: Now,
    ) -> None:
        self._tokens = tokens
        self._graph = graph
        self._book = book
        self._numbers = numbers
        self._calls = calls
        self._now = now

    async def of_numbers(self, *, organization_id: UUID, phone_number_id: str) -> list[NumberHealth]:
        """Every number with a token, or only the named one. Raises Unavailable."""
        tokens = await self._tokens.tokens_of(organization_id=organization_id)
        chosen = {number: token for number, token in tokens.items() if phone_number_id in ("", number)}
        backlogs = await self._book.backlogs(organization_id=organization_id)
        failures = await self._book.failures(organization_id=organization_id)
        pauses = await self._numbers.pauses_of(organization_id=organization_id, phone_number_ids=list(chosen))

        async def health(number: str, token: str) -> NumberHealth:
            account = await self._numbers.account_of(organization_id=organization_id, phone_number_id=number)
            told = await self._ask(account, [number], {"fields": NUMBER_FIELDS}, token) if token else _SEALED
            state, problem = (NumberState(), told) if isinstance(told, str) else (state_of(told), "")
            facts = await self._numbers.facts_of(organization_id=organization_id, phone_number_id=number)
            # What Meta does not tell now it may have told by webhook.
            state = replace(state, quality_rating=state.quality_rating or facts.quality)
            errors = failures.get(number, ())[:_MOST_ERRORS]
            backlog = backlogs.get(number, Backlog(0, None))
            return NumberHealth(number, state, problem, backlog, errors, pauses.get(number, ()), facts)

        return await _few_at_once(health, list(chosen.items()))

    async def check(self, *, organization_id: UUID) -> list[NumberFinding]:
        """Token, scopes, subscription and webhook of every number. Raises Unavailable."""
        tokens = await self._tokens.tokens_of(organization_id=organization_id)
        found = await _few_at_once(partial(self._examine, organization_id), list(tokens.items()))
        return [
            NumberFinding(number, finding)
            for number, findings in zip(tokens, found, strict=True)
            for finding in findings
        ]

    async def _examine(self, organization_id: UUID, number: str, token: str) -> list[Finding]:
        if not token:
            return [Finding("token", "problem", _SEALED, "Put the token again with `pytake apply`.")]
        account = await self._numbers.account_of(organization_id=organization_id, phone_number_id=number)
        wait = await self._calls.take(account)
        if wait > 0:
            return [Finding("token", "unknown", too_often(wait))]
        told = await self._graph.ask([number], {"fields": NUMBER_FIELDS}, token=token)
        if isinstance(told, str):
            return [Finding("token", "problem", told, "Put a valid access token with `pytake apply`.")]
        webhook = on_webhook(told)
        debugged = await self._ask(account, ["debug_token"], {"input_token": token}, token)
        if isinstance(debugged, str):
            said = f"the token works, but Meta does not tell more of it: {debugged}"
            return [Finding("token", "ok", "Meta takes the token"), Finding("scopes", "unknown", said), webhook]
        facts = token_of(debugged)
        return [
            on_token(facts, now=self._now().timestamp()),
            on_scopes(facts),
            await self._subscription(number, token, facts),
            webhook,
        ]

    async def _ask(self, account: str, path: Sequence[str], query: Mapping[str, str], token: str) -> Told | str:
        """What the Graph API tells, or a sentence why it does not, or why it was not asked."""
        wait = await self._calls.take(account)
        return too_often(wait) if wait > 0 else await self._graph.ask(path, query, token=token)

    async def _subscription(self, number: str, token: str, facts: TokenFacts) -> Finding:
        for waba_id in facts.accounts[:_MOST_ACCOUNTS]:
            numbers = await self._ask(waba_id, [waba_id, "phone_numbers"], {"fields": "id", "limit": "100"}, token)
            if isinstance(numbers, str) or number not in ids_in(numbers):
                continue
            apps = await self._ask(waba_id, [waba_id, "subscribed_apps"], {}, token)
            if isinstance(apps, str):
                return Finding("subscription", "unknown", f"of account {waba_id}: {apps}")
            return on_subscription(apps, waba_id=waba_id, app_id=facts.app_id)
        return Finding("subscription", "unknown", "the token does not tell to which account the number belongs")


async def _few_at_once(ask: Callable[[str, str], Awaitable[Value]], numbers: Sequence[tuple[str, str]]) -> list[Value]:
    turnstile = asyncio.Semaphore(_AT_ONCE)

    async def one(number: str, token: str) -> Value:
        async with turnstile:
            return await ask(number, token)

    return list(await asyncio.gather(*(one(number, token) for number, token in numbers)))
