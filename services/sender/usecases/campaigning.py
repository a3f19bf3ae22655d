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
    users_a_day,
)
from services.sender.domain.campaigns import Recipient as CampaignRecipient
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
# Meta tells of a message within seconds; who turned statuses off is not waited for.
_PATIENCE_SECONDS = 300.0

WriteTemplate = Callable[[Campaign, Place, UUID, Conversation], NewMessage]
"""Makes the message with this id, of a campaign's template and a recipient's parameters."""


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
        on_handed_on: Callable[[], None],
        rate: float,
    ) -> None:
        """`rate` is a number's messages a second; `on_handed_on` is told when the queue has more."""
        self._store = store
        self._turns = turns
        self._conversations = conversations
        self._audiences = audiences
        self._standings = standings
        self._write = write
        self._names_of = names_of
        self._on_handed_on = on_handed_on
        self._rate = rate

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
        standing = await self._standings.of(
            organization_id=campaign.organization_id, phone_number_id=campaign.plan.phone_number_id
        )
        if standing.quality_rating == "RED":
            note = "Meta rates the number RED; resume once its quality is better"
            await self._turns.stop(campaign, state="paused", note=note)
            return True
        per_hour = campaign.plan.messages_per_hour
        may = allowance(campaign.paced_until, now, per_hour=per_hour)
        room = await self._room(campaign)
        if min(may, room) < 1:
            return await self._wait_a_little(campaign, now)
        left = await self._left_of_tier(campaign, standing.messaging_limit)
        chosen = places[: min(may, room)]
        firsts = [place for place in chosen if place.tries == 0]
        if left is not None and len(firsts) > left:
            dropped = {place.n for place in firsts[left:]}
            chosen = [place for place in chosen if place.n not in dropped]
        if not chosen:
            note = f"Meta's limit of users a day ({standing.messaging_limit}) is reached; goes on by itself"
            await self._turns.rest(campaign, seconds=_TIER_SECONDS, note=note)
            return True
        decided = await self._decide(campaign, chosen, now)
        count = sum(each.message is not None for each in decided)
        until = paced(campaign.paced_until, now, count, per_hour=per_hour)
        if await self._turns.hand_on(campaign, decided, paced_until=until) and count:
            self._on_handed_on()
        return True

    async def _wait_a_little(self, campaign: Campaign, now: datetime) -> bool:
        """Meanwhile outcomes are looked through, unless the pace has long to wait."""
        ahead = (campaign.paced_until - now).total_seconds() - AHEAD_SECONDS / 2
        if ahead <= _SWEEP_SECONDS:
            return False
        await self._turns.rest(campaign, seconds=min(ahead, _TIER_SECONDS), note="")
        return True

    async def _room(self, campaign: Campaign) -> int:
        waiting = await self._standings.waiting(
            organization_id=campaign.organization_id, phone_number_id=campaign.plan.phone_number_id
        )
        return room_of(self._rate, waiting)

    async def _left_of_tier(self, campaign: Campaign, messaging_limit: str) -> int | None:
        most = users_a_day(messaging_limit)
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


def _only(who: CampaignRecipient, needed: frozenset[str]) -> CampaignRecipient:
    return replace(who, parameters={name: value for name, value in who.parameters.items() if name in needed})


def _addressed(campaign: Campaign, place: Place) -> Recipient:
    who = place.recipient
    return Recipient(
        phone_number_id=campaign.plan.phone_number_id,
        phone_number="" if who.is_user_id else who.recipient,
        user_id=who.recipient if who.is_user_id else "",
    )
