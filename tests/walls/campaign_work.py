"""What a worker does in the turns of a campaign, for one organization; its twin has a campaign under the same key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.sender.domain.campaigns import Plan, Recipient, campaign_id_of
from services.sender.ports.campaigns import Decided
from tests.walls.tenants import Tenant

_KEY = "turns"
_PACED_UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


async def begin_campaign(book: Any, tenant: Tenant) -> None:
    """A running campaign with recipients who are the same in both organizations."""
    organization_id = tenant.organization_id
    campaign_id = campaign_id_of(organization_id, _KEY)
    plan = Plan(
        name=tenant.tag, phone_number_id="1", content=tenant.tag.encode(), audience="custom_list", tags=(),
        attributes={}, messages_per_hour=3600, max_tries=3, respects_opt_out=True, skips_active=False, time_zone="UTC",
    )  # fmt: skip
    await book.create(organization_id=organization_id, campaign_id=campaign_id, plan=plan)
    people = [Recipient(recipient=f"551198888000{n}", is_user_id=False, parameters={"x": tenant.tag}) for n in range(4)]
    await book.add(organization_id=organization_id, campaign_id=campaign_id, recipients=people)
    await book.move(organization_id=organization_id, campaign_id=campaign_id, verb="start")


async def take_turns(book: Any, turns: Any, tenant: Tenant) -> str:
    """Read who is due, how many were written to, and what came of it; decide, sweep, rest. What all of it told."""
    organization_id = tenant.organization_id
    campaign_id = campaign_id_of(organization_id, _KEY)

    async def fresh() -> Any:
        return await book.one(organization_id=organization_id, campaign_id=campaign_id)

    due = await turns.due(await fresh(), limit=9)
    users = await turns.users_of_a_day(await fresh())
    decided = [Decided(n=place.n, reason="walls") for place in due[:2]]
    is_handed_on = await turns.hand_on(await fresh(), decided, paced_until=_PACED_UNTIL) if decided else None
    outcomes = await turns.sweep(await fresh())
    await turns.swept(await fresh(), swept_n=0, is_clean=True, retries={1: 60.0}, seconds=60.0)
    has_retries = await turns.has_retries(await fresh())
    await turns.rest(await fresh(), seconds=60.0, note="walls")
    return repr((due, users, is_handed_on, outcomes, has_retries, (await fresh()).note))
