"""What sender does when asked: take messages, apply statuses, keep tokens. For teams: the modules beside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import psycopg

from services.chassis.errors import InvalidArgument
from services.chassis.queue import Batcher, Bell
from services.sender.cache import Pauses, Tokens
from services.sender.ports import CredentialStore, Graph, NewMessage, StatusEvent, StatusFate, Store

_CHECKS_AT_ONCE = 8
_LONGEST_TOKEN = 4096

Take: TypeAlias = Callable[[Sequence[NewMessage]], Awaitable[Sequence[bool]]]


class Deliver:
    """Takes messages and statuses; concurrent calls share transactions. `take` stores messages (worker.Departing)."""

    def __init__(self, take: Take, store: Store, bell: Bell) -> None:
        self._bell = bell
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
        return fates


@dataclass(frozen=True, slots=True)
class CredentialProblem:
    """The check of one number; no problem means its token works."""

    phone_number_id: str
    problem: str


class KeepCredentials:
    """Stores and checks access tokens."""

    def __init__(self, store: CredentialStore, graph: Graph, tokens: Tokens, pauses: Pauses, bell: Bell) -> None:
        self._store = store
        self._graph = graph
        self._tokens = tokens
        self._pauses = pauses
        self._bell = bell

    async def put(self, *, organization_id: UUID, phone_number_id: str, token: str) -> bool:
        """Store a token; what waited for it goes on at once. Raises InvalidArgument."""
        if not phone_number_id.isascii() or not phone_number_id.isdigit():
            raise InvalidArgument("phone_number_id is not a number's id; it has digits only")
        # It becomes a header: a space or line break inside was never part of a token.
        if not token.isascii() or not token.isprintable() or not token or " " in token:
            raise InvalidArgument("access_token is empty or has spaces or line breaks; paste it as Meta shows it")
        if len(token) > _LONGEST_TOKEN:
            raise InvalidArgument(f"access_token has {len(token)} characters; Meta's are shorter than {_LONGEST_TOKEN}")
        is_changed = await self._store.put_credential(
            organization_id=organization_id, phone_number_id=phone_number_id, token=token
        )
        key = (organization_id, phone_number_id)
        self._tokens.forget(key)
        self._pauses.mended(key)
        self._bell.ring()
        return is_changed

    async def check(self, *, organization_id: UUID) -> list[CredentialProblem]:
        """Ask the Graph API about every number with a token."""
        tokens = await self._store.tokens_of(organization_id=organization_id)
        turnstile = asyncio.Semaphore(_CHECKS_AT_ONCE)

        async def check(phone_number_id: str, token: str) -> CredentialProblem:
            if not token:
                return CredentialProblem(phone_number_id, "the stored token does not open; check SEALING_KEYS")
            async with turnstile:
                return CredentialProblem(
                    phone_number_id, await self._graph.check(phone_number_id=phone_number_id, token=token)
                )

        return list(await asyncio.gather(*(check(number, token) for number, token in tokens.items())))
