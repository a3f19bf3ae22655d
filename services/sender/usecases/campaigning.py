"""Campaigns worked off turn by turn: whom to write to, whether now, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.sender.domain.campaigns import (
    AHEAD_SECONDS,
    OPTED_OUT,
    Campaign,
    Outcome,
    Place,
    allowance,
    is_settled,
    message_id_of,
    paced,
    retry_wait,
    room_of,
)
from services.sender.domain.campaigns import Recipient as CampaignRecipient
from services.sender.domain.standing import Standing, halt_of, pace_of, users_a_day
from services.sender.ports import NewMessage
from services.sender.ports.campaigns import Audiences, CampaignStore, CampaignTurns, Decided, Standings
from services.sender.ports.teams import Conversation, Conversations, NoConversation, Recipient
from services.sender.usecases.campaigns import NamesOf

_CHUNK = 500
# What router opens in one call, and how many calls are under way.
_PER_CALL = 100
_CALLS_AT_ONCE = 3
_SOON_SECONDS = 0.5
_SWEEP_SECONDS = 2.0
_TIER_SECONDS = 300.0
# A pause may be ended by others' messages, or by hand, before its time.
_PAUSED_SECONDS = 30.0
# Meta tells of a message within seconds; who turned statuses off is not waited for.
_PATIENCE_SECONDS = 300.0

WriteTemplate = Callable[[Campaign, Place, UUID, Conversation], NewMessage]
"""Makes the message with this id, of a campaign's template and a recipient's parameters."""
TemplateNamed = Callable[[bytes], str]
"""NAME/LANGUAGE of a serialized template."""


class WorkCampaigns:
    """Takes turns of campaigns; every process may, and each may die at any moment."""

    def __init__(
        self,
        store: CampaignStore,
        turns: CampaignTurns,
        conversations: Conversations,
        audiences: Audiences,
        standings: Standings,
        *,
        write: WriteTemplate,
        names_of: NamesOf,
        template_named: TemplateNamed,
        on_handed_on: Callable[[], None],
    ) -> None:
        """`on_handed_on` is told when the queue has more."""
        self._store = store
        self._turns = turns
        self._conversations = conversations
        self._audiences = audiences
        self._standings = standings
        self._write = write
        self._names_of = names_of
        self._template_named = template_named
        self._on_handed_on = on_handed_on

    async def turn(self) -> bool:
        """Take one turn; tells whether any was due. Raises Unavailable or what router raised: then it comes again."""
        claimed = await self._turns.claim()
        if claimed is None:
            return False
        campaign, now = claimed
        if campaign.state != "running":
            # Somebody scheduled it anew, or ended it, as the turn was taken.
            return True
        if not campaign.is_audience_whole:
            await self._gather(campaign)
        elif not await self._send(campaign, now):
            await self._look_through(campaign)
        return True

    async def _gather(self, campaign: Campaign) -> None:
        """One more page of the audience; what its contacts get is fixed with it."""
        page = await self._audiences.page(
            organization_id=campaign.organization_id,
            tags=campaign.plan.tags,
            attributes=campaign.plan.attributes,
            cursor=campaign.audience_cursor,
        )
        needed = self._names_of(campaign.plan.content)
        await self._store.add(
            organization_id=campaign.organization_id,
            campaign_id=campaign.campaign_id,
            recipients=[_only(each, needed) for each in page.recipients],
            cursor=page.cursor,
        )
        await self._turns.rest(campaign, seconds=0.0, note=campaign.note)

    async def _send(self, campaign: Campaign, now: datetime) -> bool:
        """Hand on what may be; False when there is time to look through outcomes."""
        places = await self._turns.due(campaign, limit=_CHUNK)
        if not places:
            return False
        template = self._template_named(campaign.plan.content)
        standing = await self._standings.of(
            organization_id=campaign.organization_id, phone_number_id=campaign.plan.phone_number_id, template=template
        )
        halt = halt_of(standing, template)
        if halt is not None:
            await self._turns.stop(campaign, state="paused", note=halt)
            return True
        if standing.paused and standing.paused_seconds > 0:
            seconds = min(standing.paused_seconds + _SOON_SECONDS, _PAUSED_SECONDS)
            await self._turns.rest(campaign, seconds=seconds, note=f"waits, {standing.paused}")
            return True
        return await self._send_some(campaign, places, standing, now)

    async def _send_some(self, campaign: Campaign, places: Sequence[Place], standing: Standing, now: datetime) -> bool:
        per_hour = pace_of(campaign.plan.messages_per_hour, standing)
        waiting = await self._standings.waiting(
            organization_id=campaign.organization_id, phone_number_id=campaign.plan.phone_number_id
        )
        room = room_of(standing.messages_per_second, waiting)
        if standing.paused:
            # The pause is over when one message goes through; more would only be refused.
            room = min(room, 1)
        count = min(allowance(campaign.paced_until, now, per_hour=per_hour), room)
        if count < 1:
            return await self._wait_a_little(campaign, now)
        chosen = _within_reach(places[:count], await self._users_left(campaign, standing, waiting))
        if not chosen:
            note = "the number's limit of users a day is reached; goes on by itself"
            await self._turns.rest(campaign, seconds=_TIER_SECONDS, note=note)
            return True
        decided = await self._decide(campaign, chosen, now)
        made = sum(each.message is not None for each in decided)
        until = paced(campaign.paced_until, now, made, per_hour=per_hour)
        if await self._turns.hand_on(campaign, decided, paced_until=until) and made:
            self._on_handed_on()
        return True

    async def _wait_a_little(self, campaign: Campaign, now: datetime) -> bool:
        """Meanwhile outcomes are looked through, unless the pace has long to wait."""
        ahead = (campaign.paced_until - now).total_seconds() - AHEAD_SECONDS / 2
        if ahead <= _SWEEP_SECONDS:
            return False
        await self._turns.rest(campaign, seconds=min(ahead, _TIER_SECONDS), note="")
        return True

    async def _users_left(self, campaign: Campaign, standing: Standing, waiting: int) -> int | None:
        """How many more users may be written to today: by what the operator set, or else by what Meta told."""
        if standing.users_left is not None:
            return max(standing.users_left - waiting, 0)
        most = users_a_day(standing.messaging_limit)
        return None if most is None else max(most - await self._turns.users_of_a_day(campaign), 0)

    async def _decide(self, campaign: Campaign, places: Sequence[Place], now: datetime) -> list[Decided]:
        opened = await self._open(campaign, places)
        return [self._one(campaign, place, each, now) for place, each in zip(places, opened, strict=True)]

    async def _open(self, campaign: Campaign, places: Sequence[Place]) -> list[Conversation | NoConversation]:
        turnstile = asyncio.Semaphore(_CALLS_AT_ONCE)

        async def some(chunk: Sequence[Place]) -> list[Conversation | NoConversation]:
            async with turnstile:
                return await self._conversations.open(
                    organization_id=campaign.organization_id,
                    recipients=[_addressed(campaign, place) for place in chunk],
                )

        chunks = [places[start : start + _PER_CALL] for start in range(0, len(places), _PER_CALL)]
        return [each for opened in await asyncio.gather(*map(some, chunks)) for each in opened]

    def _one(self, campaign: Campaign, place: Place, opened: Conversation | NoConversation, now: datetime) -> Decided:
        if place.state == "skipped":
            # Somebody erased keeps their place.
            return Decided(n=place.n, reason=place.reason)
        if isinstance(opened, NoConversation):
            return Decided(n=place.n, reason=opened.problem)
        if campaign.plan.respects_opt_out and opened.has_refused:
            return Decided(n=place.n, reason=OPTED_OUT)
        if campaign.plan.skips_active and place.tries == 0 and opened.window_expires_at > now.timestamp():
            return Decided(n=place.n, reason="in_conversation")
        tries = place.tries + 1
        message_id = message_id_of(campaign.campaign_id, place.n, tries)
        try:
            message = self._write(campaign, place, message_id, opened)
        except ValueError as error:
            return Decided(n=place.n, reason=str(error))
        return Decided(n=place.n, message=message, tries=tries)

    async def _look_through(self, campaign: Campaign) -> None:
        """Some more outcomes; at the end of a pass that found nothing open, the campaign is complete."""
        outcomes = await self._turns.sweep(campaign)
        if outcomes:
            await self._note(campaign, outcomes)
            return
        is_all_done = campaign.done_n >= campaign.recipients and campaign.is_pass_clean
        if is_all_done and not await self._turns.has_retries(campaign):
            await self._turns.stop(campaign, state="completed", note="")
            return
        await self._turns.swept(campaign, swept_n=0, is_clean=True, retries={}, seconds=_SWEEP_SECONDS)

    async def _note(self, campaign: Campaign, outcomes: Sequence[Outcome]) -> None:
        max_tries = campaign.plan.max_tries
        waits = {outcome.n: retry_wait(outcome, max_tries=max_tries) for outcome in outcomes}
        retries = {n: wait for n, wait in waits.items() if wait is not None}
        is_clean = not retries and all(is_settled(each, patience_seconds=_PATIENCE_SECONDS) for each in outcomes)
        # While there is more to hand on, outcomes are looked through in its pauses.
        is_sending = campaign.done_n < campaign.recipients
        await self._turns.swept(
            campaign,
            swept_n=outcomes[-1].n,
            is_clean=campaign.is_pass_clean and is_clean,
            retries=retries,
            seconds=_SOON_SECONDS if is_sending else 0.0,
        )


def _within_reach(places: Sequence[Place], users_left: int | None) -> list[Place]:
    """Those who were written to before, and so many of the others."""
    left = len(places) if users_left is None else users_left
    firsts = [place.n for place in places if place.tries == 0]
    dropped = set(firsts[left:])
    return [place for place in places if place.n not in dropped]


def _only(who: CampaignRecipient, needed: frozenset[str]) -> CampaignRecipient:
    return replace(who, parameters={name: value for name, value in who.parameters.items() if name in needed})


def _addressed(campaign: Campaign, place: Place) -> Recipient:
    who = place.recipient
    return Recipient(
        phone_number_id=campaign.plan.phone_number_id,
        phone_number="" if who.is_user_id else who.recipient,
        user_id=who.recipient if who.is_user_id else "",
    )
