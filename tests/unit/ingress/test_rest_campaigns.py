"""Campaigns over REST: made, filled, steered, told."""

from uuid import uuid4

import pytest

from tests.fixtures.rest import Asker, asking

CAMPAIGNS = "/api/v1/campaigns"
TEMPLATE = {"template": {"name": "spring", "language": "pt_BR", "body": [{"text": "{{name}}"}]}}


def campaign(**changes: object) -> dict[str, object]:
    wanted = {"idempotency_key": "spring", "name": "Spring", "phone_number_id": "1", "content": TEMPLATE}
    return wanted | changes


async def made(asker: Asker) -> str:
    answer = await asker.post(CAMPAIGNS, campaign())
    assert answer.status_code == 200, answer.text
    return f"{CAMPAIGNS}/{answer.json()['id']}"


async def test_a_campaign_is_made_with_the_products_defaults(asker: Asker) -> None:
    await made(asker)
    (wanted,) = asker.rights.campaigns.wanted
    assert (wanted.messages_per_hour, wanted.max_tries, wanted.respect_opt_out) == (100, 3, True)
    assert (wanted.audience, wanted.time_zone, wanted.content) == ("custom_list", "UTC", TEMPLATE)
    (listed,) = (await asker.get(CAMPAIGNS)).json()["campaigns"]
    assert (listed["state"], listed["figures"]) == ("draft", {})


async def test_recipients_are_added_and_who_is_refused_is_named(asker: Asker) -> None:
    path = await made(asker)
    people = [{"phone_number": "+55 11 98765-4321", "parameters": {"name": "Bia"}}, {"parameters": {}}]
    answer = await asker.post(f"{path}/recipients", {"recipients": people})
    assert answer.json() == {"added": 1, "repeated": 0, "refused": [{"index": 1, "detail": "no phone number"}]}
    (told,) = (await asker.get(f"{path}/recipients")).json()["recipients"]
    assert (told["place"], told["state"], told["message_id"]) == (1, "pending", None)
    assert (await asker.get(path)).json()["figures"] == {"recipients": 1}


async def test_a_campaign_is_steered_until_it_is_cancelled(asker: Asker) -> None:
    path = await made(asker)
    scheduled = (await asker.post(f"{path}/schedule", {"local_time": "2026-12-01T09:00"})).json()
    assert (scheduled["state"], scheduled["starts_at"] is not None) == ("scheduled", True)
    for verb, state in (("start", "running"), ("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert (await asker.post(f"{path}/{verb}", {})).json()["state"] == state
    refused = await asker.post(f"{path}/start", {})
    assert (refused.status_code, refused.json()["error_code"]) == (409, "CAMPAIGN_STATE")
    unknown = await asker.get(f"{CAMPAIGNS}/{uuid4()}")
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "CAMPAIGN_NOT_FOUND")


@pytest.mark.parametrize(
    "body", [campaign(messages_per_hour=0), campaign(audience="everybody"), campaign(name="x" * 121)]
)
async def test_what_no_campaign_can_be_is_refused(asker: Asker, body: dict[str, object]) -> None:
    assert (await asker.post(CAMPAIGNS, body)).status_code == 422


async def test_an_agent_looks_but_neither_makes_nor_starts(asker: Asker) -> None:
    async with asking(role="agent") as agent:
        assert (await agent.get(CAMPAIGNS)).status_code == 200
        assert (await agent.post(CAMPAIGNS, campaign())).status_code == 403
        assert (await agent.post(f"{CAMPAIGNS}/{uuid4()}/start", {})).status_code == 403
