"""The shapes of what messages are charged as, and of what became of campaigns, over REST."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, Field

from services.ingress.domain.analytics import CampaignResults, Charge, NumberCosts, per_cent
from services.ingress.http.rest.figure_models import FailureCode


class ChargedAs(BaseModel):
    """Delivered messages of one category and type."""

    category: str = Field(description="Meta's, as utility or service.", examples=["utility"])
    type: str = Field(
        description="Meta's, as regular or free_customer_service; free where Meta told no more than that.",
        examples=["regular"],
    )
    messages: int = Field(examples=[340])
    is_billed: bool = Field(description="True of every type that does not begin with free.", examples=[True])


class ChargedIn(ChargedAs):
    """The same by country, for Meta's prices are by the recipient's."""

    calling_code: int = Field(description="Of the recipients' phone numbers; 0 is not known.", examples=[55])


class NumberCost(BaseModel):
    """What a number's delivered messages are charged as. delivered is the sum of billed, free and unpriced."""

    phone_number_id: str = Field(description="Empty where it was not recorded.", examples=["106540352242922"])
    delivered: int = Field(description="To a phone.", examples=[394])
    billed: int = Field(description="By Meta.", examples=[340])
    free: int = Field(description="Meta told that they cost nothing.", examples=[50])
    unpriced: int = Field(description="Meta told no price, or has not yet.", examples=[4])
    charges: list[ChargedAs] = Field(description="Most first.")
    by_country: list[ChargedIn] = Field(description="The same messages by country, most first.")

    @classmethod
    def of(cls, number: NumberCosts) -> NumberCost:
        """From a number's costs."""
        return cls(
            phone_number_id=number.phone_number_id,
            delivered=number.delivered,
            billed=number.billed,
            free=number.free,
            unpriced=number.unpriced,
            charges=_charges(number.charges),
            by_country=[
                ChargedIn(
                    category=each.category,
                    type=each.type,
                    messages=each.messages,
                    is_billed=each.is_billed,
                    calling_code=each.calling_code,
                )
                for each in number.charges
            ],
        )


class CostTotals(BaseModel):
    """All numbers together."""

    delivered: int = Field(examples=[394])
    billed: int = Field(examples=[340])
    free: int = Field(examples=[50])
    unpriced: int = Field(examples=[4])
    charges: list[ChargedAs] = Field(description="Most first.")


class CostReport(BaseModel):
    """How many delivered messages Meta charges, and as what. Prices are Meta's: none is told here."""

    period_days: int = Field(description="0 in a full report of all time.", examples=[30])
    totals: CostTotals
    numbers: list[NumberCost] = Field(description="Most billed first.")

    @classmethod
    def of(cls, days: int, found: Sequence[NumberCosts]) -> CostReport:
        """From the costs of numbers."""
        return cls(
            period_days=days,
            totals=CostTotals(
                delivered=sum(number.delivered for number in found),
                billed=sum(number.billed for number in found),
                free=sum(number.free for number in found),
                unpriced=sum(number.unpriced for number in found),
                charges=_charges([charge for number in found for charge in number.charges]),
            ),
            numbers=[NumberCost.of(number) for number in found],
        )


def _charges(charges: Sequence[Charge]) -> list[ChargedAs]:
    """By category and type, all countries together."""
    counted: Counter[tuple[str, str, bool]] = Counter()
    for each in charges:
        counted[each.category, each.type, each.is_billed] += each.messages
    ordered = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return [
        ChargedAs(category=category, type=kind, messages=messages, is_billed=is_billed)
        for (category, kind, is_billed), messages in ordered
    ]


class CampaignResult(BaseModel):
    """What became of a campaign's messages, of all time."""

    campaign_id: str = Field(examples=["5f0c7b1c-6a0e-4c7e-9a44-0c6a3f3b9d10"])
    name: str = Field(description="Empty for a campaign older than your newest 1,000.", examples=["Spring"])
    last_day: datetime.date | None = Field(
        description="The last day of which something is known; null before the first message.", examples=["2026-03-04"]
    )
    sent: int = Field(description="Accepted by Meta and not failed since.", examples=[980])
    delivered: int = Field(description="Of the sent.", examples=[955])
    read: int = Field(description="Of the delivered.", examples=[610])
    failed: int = Field(description="For good.", examples=[20])
    retries: int = Field(description="Messages that were sent again after a failure.", examples=[5])
    delivery_rate: float = Field(description="Delivered of sent, in per cent.", examples=[97.45])
    read_rate: float = Field(description="Read of delivered, in per cent.", examples=[63.87])
    failures: list[FailureCode] = Field(description="Most first; also of messages that were sent again.")
    replies: int | None = Field(
        description="Contacts who wrote since; null unless one campaign is asked for.", examples=[48]
    )
    opt_outs: int | None = Field(
        description="Contacts who want no more; null unless one campaign is asked for.", examples=[3]
    )

    @classmethod
    def of(cls, campaign: CampaignResults) -> CampaignResult:
        """With its rates."""
        return cls(
            campaign_id=campaign.campaign_id,
            name=campaign.name,
            last_day=campaign.last_day,
            sent=campaign.sent,
            delivered=campaign.delivered,
            read=campaign.read,
            failed=campaign.failed,
            retries=campaign.retries,
            delivery_rate=per_cent(campaign.delivered, campaign.sent),
            read_rate=per_cent(campaign.read, campaign.delivered),
            failures=[FailureCode(error_code=code, messages=messages) for code, messages in campaign.failures],
            replies=campaign.replies,
            opt_outs=campaign.opt_outs,
        )


class CampaignReport(BaseModel):
    """What became of campaigns."""

    period_days: int = Field(description="0 in a full report of all time.", examples=[30])
    campaigns: list[CampaignResult] = Field(description="Latest first, at most 1,000.")

    @classmethod
    def of(cls, days: int, found: Sequence[CampaignResults]) -> CampaignReport:
        """From campaigns."""
        return cls(period_days=days, campaigns=[CampaignResult.of(campaign) for campaign in found])
