"""What sender does when asked: take messages, apply statuses, keep tokens. For teams: the modules beside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias
from uuid import UUID

import psycopg

from services.chassis.errors import InvalidArgument, Unavailable
from services.chassis.queue import Batcher, Bell
from services.sender.cache import Numbers, Pauses, StatusAges
from services.sender.domain.codes import MEDIA_NOT_FETCHED, PAUSES, Action, Scope, rule_of_status
from services.sender.domain.patience import pause_of
from services.sender.domain.pausing import PauseName, names_of
from services.sender.ports import (
    CredentialStore,
    Key,
    NewMessage,
    NumberFacts,
    NumberStore,
    Pause,
    PauseStore,
    StatusEvent,
    StatusFate,
    Store,
)

_LONGEST_TOKEN = 4096
# No number of Meta's is as fast, and no portfolio has so many users a day as a limit (unlimited is 0).
FASTEST = 5000
MOST_USERS = 10_000_000
_TOLD_LATER = "Meta reported it after it had accepted a message"

Take: TypeAlias = Callable[[Sequence[NewMessage]], Awaitable[Sequence[bool]]]
RenewFiles: TypeAlias = Callable[[Key, bytes], Awaitable[None]]


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

    `template_in` reads NAME/LANGUAGE from a message as it was stored; `renew_files` has the files of one given to Meta
    anew when they are next sent. Raises errors.Unavailable.
    """

    def __init__(
        self,
        store: Store,
        numbers: Numbers,
        pauses: Pauses,
        ages: StatusAges,
        template_in: Callable[[bytes], str],
        renew_files: RenewFiles,
    ) -> None:
        self._renew_files = renew_files
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
                    await self._doubt_files(event)

    async def _pause(self, event: StatusEvent) -> None:
        rule = rule_of_status(event.error_code)
        is_away = rule.action is Action.RETRY_AFTER and rule.scope is Scope.NUMBER
        if not event.phone_number_id or not (rule.action in PAUSES or is_away or rule.scope is Scope.COUNTRY):
            return
        key = (event.organization_id, event.phone_number_id)
        (facts,) = await self._numbers.get([key])
        template = await self._template_of(event) if rule.scope is Scope.TEMPLATE else ""
        recipient = event.recipient_wa_id or event.recipient_user_id
        names = names_of(*key, token=facts.token or "", waba_id=facts.waba_id, template=template, recipient=recipient)
        name = names.get(rule.scope)
        if name is not None:
            seconds = pause_of(1, rule.seconds)
            await self._pauses.refused(
                name, phone_number_id=key[1], code=event.error_code, text=_TOLD_LATER, seconds=seconds
            )

    async def _doubt_files(self, event: StatusEvent) -> None:
        """The message is lost, and sender repeats none that Meta had taken; the next one brings the file anew."""
        if event.error_code != MEDIA_NOT_FETCHED or not event.phone_number_id:
            return
        stored = await self._stored(event)
        if stored is not None:
            await self._renew_files((event.organization_id, event.phone_number_id), stored)

    async def _template_of(self, event: StatusEvent) -> str:
        stored = await self._stored(event)
        return self._template_in(stored) if stored is not None else ""

    async def _stored(self, event: StatusEvent) -> bytes | None:
        if event.callback is None:
            return None
        return await self._store.outbound_of(organization_id=event.organization_id, message_id=event.callback)


class KeepCredentials:
    """Stores access tokens."""

    def __init__(self, store: CredentialStore, numbers: KeepNumbers) -> None:
        self._store = store
        self._numbers = numbers

    async def put(self, *, organization_id: UUID, phone_number_id: str, token: str) -> bool:
        """Store a token; what waited for it goes on at once. Raises InvalidArgument."""
        check_credential(phone_number_id, token)
        is_changed = await self._store.put_credential(
            organization_id=organization_id, phone_number_id=phone_number_id, token=token
        )
        await self._numbers.end_pauses(organization_id=organization_id, phone_number_id=phone_number_id)
        return is_changed


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
        if not 0 <= facts.messages_per_second <= FASTEST:
            raise InvalidArgument(f"messages_per_second is {facts.messages_per_second}; use 0 to {FASTEST}")
        if not 0 <= facts.users_per_day <= MOST_USERS:
            raise InvalidArgument(f"users_per_day is {facts.users_per_day}; use 0 to {MOST_USERS}")
        is_changed = await self._store.put_limits(
            organization_id=organization_id, phone_number_id=phone_number_id, facts=facts
        )
        self._numbers.forget((organization_id, phone_number_id))
        return is_changed

    async def account_of(self, *, organization_id: UUID, phone_number_id: str) -> str:
        """The account of a number; one that is not known stands for its number alone."""
        (facts,) = await self._numbers.get([(organization_id, phone_number_id)])
        return facts.waba_id or phone_number_id

    async def facts_of(self, *, organization_id: UUID, phone_number_id: str) -> NumberFacts:
        """What is known of a number."""
        (facts,) = await self._numbers.get([(organization_id, phone_number_id)])
        return facts

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


def check_credential(phone_number_id: str, token: str) -> None:
    """Raises InvalidArgument for what can be neither an id nor a token of Meta's."""
    _check_digits("phone_number_id", phone_number_id)
    # It becomes a header: a space or line break inside was never part of a token.
    if not token.isascii() or not token.isprintable() or not token or " " in token:
        raise InvalidArgument("access_token is empty or has spaces or line breaks; paste it as Meta shows it")
    if len(token) > _LONGEST_TOKEN:
        raise InvalidArgument(f"access_token has {len(token)} characters; Meta's are shorter than {_LONGEST_TOKEN}")


def _check_digits(field: str, text: str) -> None:
    if not text.isascii() or not text.isdigit():
        raise InvalidArgument(f"{field} is not an id of Meta's; it has digits only")
