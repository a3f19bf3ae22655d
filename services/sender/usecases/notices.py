"""News for sender: what people want to be sent, how templates stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from uuid import UUID

from services.chassis.errors import Unavailable
from services.sender.cache import Pauses, Templates
from services.sender.domain.codes import RULES, Scope
from services.sender.domain.pausing import PauseName
from services.sender.domain.templates import News
from services.sender.ports import ConsentStore, NewMessage, TemplateStore, Wanted, WordFate

TEMPLATE_PAUSED = 132015
_PAUSED = "Meta told that the template is paused"

Enqueue = Callable[[Sequence[NewMessage]], Awaitable[Sequence[bool]]]


class HearNotices:
    """Takes news durably. Repeats, and what is older than known, change nothing; raises Unavailable."""

    def __init__(
        self, consent: ConsentStore, templates: TemplateStore, book: Templates, pauses: Pauses, enqueue: Enqueue
    ) -> None:
        """`enqueue` takes messages durably (Deliver.enqueue)."""
        self._consent = consent
        self._templates = templates
        self._book = book
        self._pauses = pauses
        self._enqueue = enqueue

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
