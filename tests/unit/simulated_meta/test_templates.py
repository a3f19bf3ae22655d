"""Templates of the simulated Meta: pages, refusals, what is told by webhook; and preferences."""

import json
from typing import Any

import pytest

from tests.unit.simulated_meta.world import AUTHORIZED, MESSAGES, NUMBER, PHONE, World

PATH = f"/v26.0/{NUMBER.waba_id}/message_templates"
TIDE = {
    "name": "tide",
    "language": "en_GB",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": "High water at {{1}}."}],
}


async def make(world: World, **changes: Any) -> tuple[int, dict[str, Any]]:
    answer = await world.client.post(PATH, json=TIDE | changes, headers=AUTHORIZED)
    return answer.status, await answer.json()


async def listed(world: World, **query: str) -> dict[str, Any]:
    answer = await world.client.get(PATH, params=query, headers=AUTHORIZED)
    found: dict[str, Any] = await answer.json()
    return found


async def send(world: World, name: str = "tide") -> dict[str, Any]:
    body = {
        "messaging_product": "whatsapp", "to": f"+{PHONE}", "type": "template",
        "template": {"name": name, "language": {"code": "en_GB"}},
    }  # fmt: skip
    answer = await world.client.post(MESSAGES, json=body, headers=AUTHORIZED)
    found: dict[str, Any] = await answer.json()
    return found


async def told(world: World) -> list[dict[str, Any]]:
    """The changes of all webhooks."""
    await world.pass_time(5)
    return [change for post in world.receiver.taken for change in json.loads(post.body)["entry"][0]["changes"]]


async def test_templates_are_listed_by_pages(world: World) -> None:
    for n in range(3):
        assert (await make(world, name=f"tide_{n}"))[0] == 200
    first = await listed(world, limit="2")
    assert [each["name"] for each in first["data"]] == ["tide_0", "tide_1"]
    assert first["paging"]["next"]
    last = await listed(world, limit="2", after=first["paging"]["cursors"]["after"])
    assert [each["name"] for each in last["data"]] == ["tide_2"]
    assert "next" not in last["paging"]


@pytest.mark.parametrize(
    "change", [{"name": "Tide"}, {"category": "NEWS"}, {"components": []}, {"language": "English"}]
)
async def test_what_meta_would_refuse_is_refused(world: World, change: dict[str, object]) -> None:
    status, answer = await make(world, **change)
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_a_name_counts_once_in_a_language(world: World) -> None:
    assert (await make(world))[0] == 200
    assert (await make(world))[0] == 400
    assert (await make(world, language="cy"))[0] == 200


async def test_a_template_goes_in_one_language_or_in_all(world: World) -> None:
    await make(world)
    _, welsh = await make(world, language="cy")
    answer = await world.client.delete(PATH, params={"name": "tide", "hsm_id": welsh["id"]}, headers=AUTHORIZED)
    assert await answer.json() == {"success": True}
    assert [each["language"] for each in (await listed(world))["data"]] == ["en_GB"]
    await world.client.delete(PATH, params={"name": "tide"}, headers=AUTHORIZED)
    assert (await listed(world))["data"] == []
    assert (await world.client.delete(PATH, params={"name": "tide"}, headers=AUTHORIZED)).status == 400


async def test_of_an_account_without_templates_every_template_is_taken(world: World) -> None:
    assert "messages" in await send(world)


@pytest.mark.parametrize(("status", "code"), [("PAUSED", 132015), ("DISABLED", 132016), ("REJECTED", 132001)])
async def test_a_template_that_is_stopped_cannot_be_sent(world: World, status: str, code: int) -> None:
    await make(world)
    assert "messages" in await send(world)
    await world.client.put(f"/_sim/templates/{NUMBER.waba_id}/tide/en_GB", json={"status": status})
    assert (await send(world))["error"]["code"] == code
    assert (await send(world, "ebb"))["error"]["code"] == 132001


async def test_changes_of_a_template_are_told_under_their_fields(world: World) -> None:
    await make(world)
    change = {"status": "PAUSED", "quality": "RED", "category": "MARKETING", "components": [{"type": "BODY"}]}
    answer = await world.client.put(f"/_sim/templates/{NUMBER.waba_id}/tide/en_GB", json=change)
    assert await answer.json() == {"told": 4}
    changes = await told(world)
    assert len(changes) == 4
    assert {each["field"] for each in changes} == {
        "message_template_status_update", "message_template_quality_update", "template_category_update",
        "message_template_components_update",
    }  # fmt: skip
    assert all(each["value"]["message_template_name"] == "tide" for each in changes)


async def test_an_unknown_template_is_not_changed(world: World) -> None:
    answer = await world.client.put(f"/_sim/templates/{NUMBER.waba_id}/ebb/en_GB", json={"status": "PAUSED"})
    assert answer.status == 400


async def test_a_person_stops_marketing(world: World) -> None:
    asked = {"phone_number_id": NUMBER.phone_number_id, "wa_id": PHONE, "value": "stop"}
    assert (await world.client.post("/_sim/preferences", json=asked)).status == 200
    (change,) = await told(world)
    assert change["field"] == "user_preferences"
    (preference,) = change["value"]["user_preferences"]
    assert (preference["wa_id"], preference["value"]) == (PHONE, "stop")
    assert (await world.client.post("/_sim/preferences", json=asked | {"value": "maybe"})).status == 400
