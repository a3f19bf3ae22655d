"""News for sender: what people want to be sent, how templates stand, what numbers may send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from uuid import UUID

from services.chassis.errors import Unavailable
from services.sender.cache import Numbers, Pauses, Templates
from services.sender.domain.codes import RULES, Scope
from services.sender.domain.number_news import NumberNews
from services.sender.domain.pausing import PauseName
from services.sender.domain.templates import News
from services.sender.ports import ConsentStore, NewMessage, NumberStore, TemplateStore, Wanted, WordFate

TEMPLATE_PAUSED = 132015
ACCOUNT_LOCKED = 131031
_PAUSED = "Meta told that the template is paused"
_STOPPED = "Meta told that it takes nothing from the account any more"

Enqueue = Callable[[Sequence[NewMessage]], Awaitable[Sequence[bool]]]


class HearNotices:
    """Takes news durably. Repeats, and what is older than known, change nothing; raises Unavailable."""

    def __init__(
        self,
        consent: ConsentStore,
        templates: TemplateStore,
        book: Templates,
        pauses: Pauses,
        enqueue: Enqueue,
        *,
        number_store: NumberStore,
        numbers: Numbers,
    ) -> None:
        """`enqueue` takes messages durably (Deliver.enqueue)."""
        self._consent = consent
        self._templates = templates
        self._book = book
        self._pauses = pauses
        self._enqueue = enqueue
        self._number_store = number_store
        self._numbers = numbers

    async def want(self, wanted: Sequence[Wanted]) -> Sequence[WordFate]:
        """Note what people want; who brought about something is told so, once."""
        fates = await self._consent.apply(wanted)
        told = [
            each.confirmation
            for each, fate in zip(wanted, fates, strict=True)
            if fate == "holds" and each.confirmation is not None
        ]
        if told:
            await self._enqueue(told)
        return fates

    async def hear(self, news: Sequence[tuple[UUID, News]]) -> None:
        """Note how templates stand; messages made from one that is paused wait, and go on when it is approved again."""
        is_new = await self._templates.apply_news(news)
        self._book.forget()
        for (organization_id, each), new in zip(news, is_new, strict=True):
            if not new:
                continue
            name = PauseName(organization_id, Scope.TEMPLATE, f"{each.name}/{each.language}")
            # What cannot be noted now is met with the next message: Meta refuses it with the same code.
            with suppress(Unavailable):
                if each.status == "PAUSED":
                    seconds = RULES[TEMPLATE_PAUSED].seconds or 0.0
                    await self._pauses.refused(
                        name, phone_number_id="", code=TEMPLATE_PAUSED, text=_PAUSED, seconds=seconds
                    )
                elif each.status == "APPROVED":
                    await self._pauses.resume(organization_id=organization_id, names=[name])

    async def hear_of_numbers(self, news: Sequence[tuple[UUID, NumberNews]]) -> None:
        """Note what numbers and portfolios may send; messages of an account that Meta stopped wait until it goes on."""
        if not news:
            return
        await self._number_store.tell(news)
        self._numbers.forget_all({organization_id for organization_id, _ in news})
        for organization_id, each in news:
            if not each.account_state:
                continue
            name = PauseName(organization_id, Scope.WABA, each.waba_id)
            # As above: what cannot be noted now is met with the next message.
            with suppress(Unavailable):
                if each.account_state == "STOPPED":
                    seconds = RULES[ACCOUNT_LOCKED].seconds or 0.0
                    await self._pauses.refused(
                        name, phone_number_id="", code=ACCOUNT_LOCKED, text=_STOPPED, seconds=seconds
                    )
                else:
                    await self._pauses.resume(organization_id=organization_id, names=[name])
