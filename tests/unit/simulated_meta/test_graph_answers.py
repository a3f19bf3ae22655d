"""What the sender reads after posting a message."""

import pytest

from tests.unit.simulated_meta.world import AUTHORIZED, MESSAGES, NUMBER, PHONE, World, text


async def test_an_accepted_message_gets_an_id_and_the_recipients_wa_id(world: World) -> None:
    status, answer = await world.send(text(to="+44 7700 900123"))
    assert status == 200
    assert answer["messaging_product"] == "whatsapp"
    assert answer["contacts"] == [{"input": "+44 7700 900123", "wa_id": PHONE}]
    assert answer["messages"][0]["id"].startswith("wamid.")


async def test_two_equal_posts_are_two_messages(world: World) -> None:
    (_, first), (_, second) = await world.send(text()), await world.send(text())
    assert first["messages"][0]["id"] != second["messages"][0]["id"]


async def test_a_user_id_is_answered_with_a_user_id(world: World) -> None:
    body = {"messaging_product": "whatsapp", "recipient": "GB.90210", "text": {"body": "Hello"}}
    _, answer = await world.send(body)
    assert answer["contacts"] == [{"input": "GB.90210", "user_id": "GB.90210"}]


async def test_with_both_addresses_the_phone_number_wins(world: World) -> None:
    _, answer = await world.send(text(recipient="GB.90210"))
    assert answer["contacts"][0]["wa_id"] == PHONE


async def test_a_message_to_a_group_names_the_group(world: World) -> None:
    _, answer = await world.send(text(to="Z3JvdXA", recipient_type="group"))
    assert answer["messages"][0]["group_id"] == "Z3JvdXA"


async def test_a_template_says_that_it_was_accepted(world: World) -> None:
    template = {"name": "order_ready", "language": {"code": "en_GB"}}
    body = {"messaging_product": "whatsapp", "to": PHONE, "type": "template", "template": template}
    _, answer = await world.send(body)
    assert answer["messages"][0]["message_status"] == "accepted"


@pytest.mark.parametrize("more", [{}, {"typing_indicator": {"type": "text"}}])
async def test_receipts_and_typing_succeed_without_a_message(world: World, more: dict[str, object]) -> None:
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.foreign"} | more
    assert await world.send(body) == (200, {"success": True})
    assert world.meta.ledger.accepted == 0


@pytest.mark.parametrize("version", ["v21.0", "v23.0", "v26.0"])
async def test_versions_in_service_answer(world: World, version: str) -> None:
    answer = await world.client.get(f"/{version}/{NUMBER.phone_number_id}", headers=AUTHORIZED)
    assert answer.status == 200


@pytest.mark.parametrize("version", ["v18.0", "v20.0", "v27.0", "v26", "latest"])
async def test_other_versions_are_unknown_path_components(world: World, version: str) -> None:
    answer = await world.client.get(f"/{version}/{NUMBER.phone_number_id}", headers=AUTHORIZED)
    assert answer.status == 400
    error = (await answer.json())["error"]
    assert "Unknown path components" in error["message"]


async def test_without_a_token_the_error_is_0(world: World) -> None:
    status, answer = await world.send(text(), headers={})
    assert (status, answer["error"]["code"]) == (401, 0)


@pytest.mark.parametrize("credentials", ["Bearer token-three", "Bearer token-one-more"])
async def test_with_a_wrong_token_the_error_is_190(world: World, credentials: str) -> None:
    status, answer = await world.send(text(), headers={"Authorization": credentials})
    assert (status, answer["error"]["code"]) == (401, 190)
    assert world.meta.ledger.accepted == 0


async def test_every_token_of_a_number_is_good(world: World) -> None:
    status, _ = await world.send(text(), headers={"Authorization": "Bearer token-two"})
    assert status == 200


async def test_an_unknown_number_is_an_unsupported_object(world: World) -> None:
    path = MESSAGES.replace(NUMBER.phone_number_id, "1")
    answer = await world.client.post(path, json=text(), headers=AUTHORIZED)
    error = (await answer.json())["error"]
    assert (answer.status, error["code"], error["error_subcode"]) == (400, 100, 33)
    assert error["type"] == "GraphMethodException"


async def test_an_error_has_metas_shape(world: World) -> None:
    _, answer = await world.send({"messaging_product": "whatsapp", "to": PHONE, "text": {}})
    error = answer["error"]
    assert error["message"] == "(#131008) Required parameter is missing"
    assert error["type"] == "OAuthException"
    assert error["error_data"] == {
        "messaging_product": "whatsapp",
        "details": "The parameter text.body is required.",
    }
    assert error["fbtrace_id"]


async def test_a_number_tells_its_name_and_quality(world: World) -> None:
    _, answer = await world.get(f"/v26.0/{NUMBER.phone_number_id}")
    assert answer == {
        "id": NUMBER.phone_number_id,
        "display_phone_number": "+44 20 7946 0018",
        "verified_name": "Harbour Books",
        "quality_rating": "GREEN",
        "status": "CONNECTED",
        "throughput": {"level": "STANDARD"},
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "webhook_configuration": {"application": NUMBER.webhook_url},
    }


async def test_an_account_lists_its_numbers(world: World) -> None:
    _, answer = await world.get(f"/v26.0/{NUMBER.waba_id}/phone_numbers")
    assert [number["id"] for number in answer["data"]] == [NUMBER.phone_number_id]


async def test_an_account_of_somebody_else_cannot_be_seen(world: World) -> None:
    status, answer = await world.get("/v26.0/999/subscribed_apps")
    assert (status, answer["error"]["error_subcode"]) == (400, 33)


async def test_a_good_token_is_shown_with_its_account(world: World) -> None:
    _, answer = await world.get("/v26.0/debug_token", input_token="token-two")
    assert answer["data"]["is_valid"] is True
    assert "whatsapp_business_messaging" in answer["data"]["scopes"]
    assert answer["data"]["granular_scopes"][0]["target_ids"] == [NUMBER.waba_id]


async def test_a_bad_token_is_shown_as_such(world: World) -> None:
    _, answer = await world.get("/v26.0/debug_token", input_token="stale")
    assert answer["data"]["is_valid"] is False
    assert answer["data"]["error"]["code"] == 190
