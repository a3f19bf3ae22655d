"""What sender does when asked: take messages, apply statuses, keep tokens. For teams: the modules beside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import psycopg

from services.chassis.errors import InvalidArgument, Unavailable
from services.chassis.queue import Batcher, Bell
from services.sender.cache import ManagementCalls, Numbers, Pauses, StatusAges
from services.sender.domain.codes import PAUSES, Action, Scope, rule_of_status
from services.sender.domain.patience import pause_of
from services.sender.domain.pausing import PauseName, names_of
from services.sender.ports import (
    CredentialStore,
    Graph,
    NewMessage,
    NumberFacts,
    NumberStore,
    Pause,
    PauseStore,
    StatusEvent,
    StatusFate,
    Store,
)

_CHECKS_AT_ONCE = 8
_LONGEST_TOKEN = 4096
# No number of Meta's is as fast, and no portfolio has so many users a day as a limit (unlimited is 0).
_FASTEST = 5000
_MOST_USERS = 10_000_000
_TOLD_LATER = "Meta reported it after it had accepted a message"

Take: TypeAlias = Callable[[Sequence[NewMessage]], Awaitable[Sequence[bool]]]


class Deliver:
    """Takes messages and statuses; concurrent calls share transactions. `take` stores messages (worker.Departing)."""

    def __init__(self, take: Take, store: Store, bell: Bell, conclude: ConcludeFromStatuses) -> None:
        self._bell = bell
        self._conclude = conclude
        # A value Postgres cannot hold costs only the call that brought it.
        poison = (psycopg.DataError,)
        self._messages: Batcher[NewMessage, bool] = Batcher(take, poison=poison)
        self._statuses: Batcher[StatusEvent, StatusFate] = Batcher(store.apply_statuses, poison=poison)

    async def enqueue(self, messages: Sequence[NewMessage]) -> Sequence[bool]:
        """Take messages durably; tells which are new."""
        return await self._messages.submit(messages) if messages else []

    async def apply_statuses(self, statuses: Sequence[StatusEvent]) -> Sequence[StatusFate]:
        """Move messages forward; tells what each status came to. Lanes that waited go on at once."""
        fates = await self._statuses.submit(statuses) if statuses else []
        if "applied" in fates:
            self._bell.ring()
        await self._conclude(statuses, fates)
        return fates


class ConcludeFromStatuses:
    """What statuses tell beside what became of a message: how late they come, whose a number is, what Meta refuses.

    `template_in` reads NAME/LANGUAGE from a message as it was stored.
    """

    def __init__(
        self, store: Store, numbers: Numbers, pauses: Pauses, ages: StatusAges, template_in: Callable[[bytes], str]
    ) -> None:
        self._store = store
        self._ages = ages
        self._numbers = numbers
        self._pauses = pauses
        self._template_in = template_in

    async def __call__(self, statuses: Sequence[StatusEvent], fates: Sequence[StatusFate]) -> None:
        """Note it; what cannot be noted now is told again by the next status."""
        # A repeat tells nothing of how far Meta is.
        self._ages.note([event for event, fate in zip(statuses, fates, strict=True) if fate == "applied"])
        known = {(each.organization_id, each.phone_number_id): each.waba_id for each in statuses if each.waba_id}
        await self._numbers.learn(known)
        for event, fate in zip(statuses, fates, strict=True):
            if fate == "applied" and event.status == "failed":
                with suppress(Unavailable):
                    await self._pause(event)

    async def _pause(self, event: StatusEvent) -> None:
        rule = rule_of_status(event.error_code)
        is_away = rule.action is Action.RETRY_AFTER and rule.scope is Scope.NUMBER
        if not event.phone_number_id or not (rule.action in PAUSES or is_away):
            return
        key = (event.organization_id, event.phone_number_id)
        (facts,) = await self._numbers.get([key])
        template = await self._template_of(event) if rule.scope is Scope.TEMPLATE else ""
        name = names_of(*key, token=facts.token or "", waba_id=facts.waba_id, template=template).get(rule.scope)
        if name is not None:
            seconds = pause_of(1, rule.seconds)
            await self._pauses.refused(
                name, phone_number_id=key[1], code=event.error_code, text=_TOLD_LATER, seconds=seconds
            )

    async def _template_of(self, event: StatusEvent) -> str:
        if event.callback is None:
            return ""
        stored = await self._store.outbound_of(organization_id=event.organization_id, message_id=event.callback)
        return self._template_in(stored) if stored is not None else ""


@dataclass(frozen=True, slots=True)
class CredentialProblem:
    """The check of one number; no problem means its token works."""

    phone_number_id: str
    problem: str


class KeepCredentials:
    """Stores and checks access tokens."""

    def __init__(self, store: CredentialStore, graph: Graph, numbers: KeepNumbers, calls: ManagementCalls) -> None:
        self._store = store
        self._graph = graph
        self._numbers = numbers
        self._calls = calls

    async def put(self, *, organization_id: UUID, phone_number_id: str, token: str) -> bool:
        """Store a token; what waited for it goes on at once. Raises InvalidArgument."""
        _check_digits("phone_number_id", phone_number_id)
        # It becomes a header: a space or line break inside was never part of a token.
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise InvalidArgument("access_token is empty or has spaces or line breaks; paste it as Meta shows it")
        if len(token) > _LONGEST_TOKEN:
            raise InvalidArgument(f"access_token has {len(token)} characters; Meta's are shorter than {_LONGEST_TOKEN}")
        is_changed = await self._store.put_credential(
            organization_id=organization_id, phone_number_id=phone_number_id, token=token
        )
        await self._numbers.end_pauses(organization_id=organization_id, phone_number_id=phone_number_id)
        return is_changed

    async def check(self, *, organization_id: UUID) -> list[CredentialProblem]:
        """Ask the Graph API about every number with a token."""
        tokens = await self._store.tokens_of(organization_id=organization_id)
        turnstile = asyncio.Semaphore(_CHECKS_AT_ONCE)

        async def check(phone_number_id: str, token: str) -> CredentialProblem:
            if not token:
                return CredentialProblem(phone_number_id, "the stored token does not open; check SEALING_KEYS")
            async with turnstile:
                account = await self._numbers.account_of(
                    organization_id=organization_id, phone_number_id=phone_number_id
                )
                wait = await self._calls.take(account)
                if wait > 0:
                    return CredentialProblem(phone_number_id, too_often(wait))
                return CredentialProblem(
                    phone_number_id, await self._graph.check(phone_number_id=phone_number_id, token=token)
                )

        return list(await asyncio.gather(*(check(number, token) for number, token in tokens.items())))


class KeepNumbers:
    """Keeps what numbers may send, and tells and ends what Meta refuses as a whole."""

    def __init__(
        self, store: NumberStore, numbers: Numbers, pause_store: PauseStore, pauses: Pauses, bell: Bell
    ) -> None:
        self._store = store
        self._numbers = numbers
        self._pause_store = pause_store
        self._pauses = pauses
        self._bell = bell

    async def put_limits(self, *, organization_id: UUID, phone_number_id: str, facts: NumberFacts) -> bool:
        """Replace what a number may send; tells whether it changed. Raises InvalidArgument."""
        _check_digits("phone_number_id", phone_number_id)
        if facts.waba_id:
            _check_digits("waba_id", facts.waba_id)
        if not 0 <= facts.messages_per_second <= _FASTEST:
            raise InvalidArgument(f"messages_per_second is {facts.messages_per_second}; use 0 to {_FASTEST}")
        if not 0 <= facts.users_per_day <= _MOST_USERS:
            raise InvalidArgument(f"users_per_day is {facts.users_per_day}; use 0 to {_MOST_USERS}")
        is_changed = await self._store.put_limits(
            organization_id=organization_id, phone_number_id=phone_number_id, facts=facts
        )
        self._numbers.forget((organization_id, phone_number_id))
        return is_changed

    async def account_of(self, *, organization_id: UUID, phone_number_id: str) -> str:
        """The account of a number; one that is not known stands for its number alone."""
        (facts,) = await self._numbers.get([(organization_id, phone_number_id)])
        return facts.waba_id or phone_number_id

    async def list_pauses(self, *, organization_id: UUID) -> list[Pause]:
        """What Meta refuses as a whole, the oldest first."""
        return await self._pause_store.list_pauses(organization_id=organization_id)

    async def pauses_of(
        self, *, organization_id: UUID, phone_number_ids: Sequence[str]
    ) -> Mapping[str, Sequence[Pause]]:
        """What holds up every message of these numbers: their own pauses, their tokens' and their accounts'."""
        listed = await self.list_pauses(organization_id=organization_id)
        keys = [(organization_id, number) for number in phone_number_ids]
        facts = await self._numbers.get(keys) if listed and keys else []
        held: dict[str, Sequence[Pause]] = {}
        for key, known in zip(keys, facts, strict=False):
            names = set(names_of(*key, token=known.token or "", waba_id=known.waba_id, template="").values())
            held[key[1]] = [pause for pause in listed if pause.name in names]
        return held

    async def end_pauses(self, *, organization_id: UUID, phone_number_id: str, template: str = "") -> int:
        """Somebody mended something: what waited for this number or template goes on at once; gives how many pauses."""
        key = (organization_id, phone_number_id)
        names = [PauseName(organization_id, Scope.TEMPLATE, template)] if template else []
        if phone_number_id:
            self._numbers.forget(key)
            (facts,) = await self._numbers.get([key])
            own = names_of(*key, token=facts.token or "", waba_id=facts.waba_id, template="")
            listed = await self.list_pauses(organization_id=organization_id)
            # A pause that was met through this number may have been another token's, which nobody uses any more.
            met = [each.name for each in listed if each.phone_number_id == phone_number_id]
            names += {*own.values(), *(name for name in met if name.scope is not Scope.TEMPLATE)}
        ended = await self._pauses.resume(organization_id=organization_id, names=names) if names else 0
        self._bell.ring()
        return ended


def too_often(wait: float) -> str:
    """Why the Graph API was not asked, and in how many seconds it may be."""
    return f"its account was asked about too often; it may be again in {int(wait) + 1} seconds"


def _check_digits(field: str, text: str) -> None:
    if not text.isascii() or not text.isdigit():
        raise InvalidArgument(f"{field} is not an id of Meta's; it has digits only")
