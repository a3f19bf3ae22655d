"""/api/v1/analytics/costs and /analytics/campaigns: messages as Meta charges them, campaigns with their names."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.ingress.domain.analytics import CampaignResults, Charge, NumberCosts
from services.ingress.domain.campaigns import WantedCampaign
from tests.fixtures.rest import Asker, asking


def costs_of(phone_number_id: str, *charges: Charge, unpriced: int) -> NumberCosts:
    billed = sum(charge.messages for charge in charges if charge.is_billed)
    free = sum(charge.messages for charge in charges if not charge.is_billed)
    return NumberCosts(
        phone_number_id=phone_number_id, delivered=billed + free + unpriced, billed=billed, free=free,
        unpriced=unpriced, charges=charges,
    )  # fmt: skip


async def test_messages_are_told_as_meta_charges_them_and_no_price_is_made_up() -> None:
    def charge(kind: str, calling_code: int, messages: int) -> Charge:
        category = "utility" if kind == "regular" else "service"
        return Charge(
            category=category, type=kind, calling_code=calling_code, messages=messages, is_billed=kind == "regular"
        )

    async with asking() as asker:
        asker.rights.reports.costs_to_give = [
            costs_of("7001", charge("regular", 55, 30), charge("free_entry_point", 55, 7), charge("regular", 351, 5),
                     unpriced=1),
            costs_of("7002", charge("regular", 55, 2), unpriced=0),
        ]  # fmt: skip

        told = (await asker.get("/api/v1/analytics/costs", days=7)).json()

        assert asker.rights.reports.asked == [("costs", asker.organization_id, None, 7)]
        utility = {"category": "utility", "type": "regular", "is_billed": True}
        service = {"category": "service", "type": "free_entry_point", "is_billed": False}
        assert (told["period_days"], told["totals"]) == (7, {
            "delivered": 45, "billed": 37, "free": 7, "unpriced": 1,
            "charges": [utility | {"messages": 37}, service | {"messages": 7}],
        })  # fmt: skip
        assert told["numbers"][0] == {
            "phone_number_id": "7001", "delivered": 43, "billed": 35, "free": 7, "unpriced": 1,
            "charges": [utility | {"messages": 35}, service | {"messages": 7}],
            "by_country": [
                utility | {"messages": 30, "calling_code": 55}, service | {"messages": 7, "calling_code": 55},
                utility | {"messages": 5, "calling_code": 351},
            ],
        }  # fmt: skip
        assert told["numbers"][1]["charges"] == [utility | {"messages": 2}]


RESULTS = CampaignResults(
    campaign_id="", name="", last_day=date(2026, 3, 4), sent=40, delivered=38, read=19, failed=2, retries=1,
    failures=[(131026, 2), (131000, 1)],
)  # fmt: skip


async def planned(asker: Asker, name: str) -> str:
    """A campaign that sender has; its id."""
    campaigns = asker.rights.campaigns
    wanted = WantedCampaign(
        key=name, name=name, phone_number_id="7001", content={}, audience="custom_list", tags=(), attributes={},
        messages_per_hour=1, respect_opt_out=True, skip_active_conversations=False, max_tries=1, time_zone="UTC",
    )  # fmt: skip
    return (await campaigns.create(organization_id=asker.organization_id, wanted=wanted)).campaign_id


async def test_campaigns_are_told_with_their_names_and_rates() -> None:
    async with asking() as asker:
        spring = await planned(asker, "Spring")
        asker.rights.reports.campaigns_to_give = [
            replace(RESULTS, campaign_id=spring), replace(RESULTS, campaign_id=str(UUID(int=9)), sent=0, delivered=0),
        ]  # fmt: skip

        told = (await asker.get("/api/v1/analytics/campaigns")).json()

        assert asker.rights.reports.asked == [("campaigns", asker.organization_id, None, 30)]
        first, second = told["campaigns"]
        assert first == {
            "campaign_id": spring, "name": "Spring", "last_day": "2026-03-04", "sent": 40, "delivered": 38, "read": 19,
            "failed": 2, "retries": 1, "delivery_rate": 95.0, "read_rate": 50.0,
            "failures": [{"error_code": 131026, "messages": 2}, {"error_code": 131000, "messages": 1}],
            "replies": None, "opt_outs": None,
        }  # fmt: skip
        assert (second["name"], second["delivery_rate"], second["read_rate"]) == ("", 0, 0)


async def test_of_one_campaign_replies_and_opt_outs_are_told_too_and_none_yet_is_zero() -> None:
    async with asking() as asker:
        spring, summer = await planned(asker, "Spring"), await planned(asker, "Summer")
        asker.rights.campaigns.figures |= {"replies": 3, "opt_outs": 1}
        asker.rights.reports.campaigns_to_give = [replace(RESULTS, campaign_id=spring)]

        (told,) = (await asker.get("/api/v1/analytics/campaigns", campaign_id=spring)).json()["campaigns"]
        (quiet,) = (await asker.get("/api/v1/analytics/campaigns", campaign_id=summer)).json()["campaigns"]

        assert (told["name"], told["sent"], told["replies"], told["opt_outs"]) == ("Spring", 40, 3, 1)
        assert (quiet["name"], quiet["sent"], quiet["last_day"], quiet["failures"]) == ("Summer", 0, None, [])


async def test_a_campaign_of_somebody_else_is_not_found() -> None:
    async with asking() as asker:
        answer = await asker.get("/api/v1/analytics/campaigns", campaign_id=UUID(int=9))
        assert (answer.status_code, answer.json()["error_code"]) == (404, "CAMPAIGN_NOT_FOUND")
        assert asker.rights.reports.asked == []
