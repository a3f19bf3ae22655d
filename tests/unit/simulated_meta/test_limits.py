"""Throughput, pair rate and the 24 hour window."""

from tests.unit.simulated_meta.world import AUTHORIZED, PHONE, World, text

DAY = 24 * 3600


async def codes(world: World, count: int, to: str = PHONE) -> list[int]:
    """Error codes of so many sends at one moment, 200 standing for an accepted one."""
    answers = [await world.send(text(to=to)) for _ in range(count)]
    return [200 if status == 200 else answer["error"]["code"] for status, answer in answers]


async def test_a_pair_may_burst_to_45_messages(world: World) -> None:
    assert await codes(world, 47) == [200] * 45 + [131056] * 2


async def test_after_the_burst_a_pair_gets_one_message_every_6_seconds(world: World) -> None:
    await codes(world, 45)
    await world.pass_time(5.9)
    assert await codes(world, 1) == [131056]
    await world.pass_time(0.2)
    assert await codes(world, 2) == [200, 131056]


async def test_a_pair_regains_its_burst_in_270_seconds(world: World) -> None:
    await codes(world, 45)
    await world.pass_time(270)
    assert await codes(world, 46) == [200] * 45 + [131056]


async def test_other_users_go_on_while_one_pair_is_limited(world: World) -> None:
    await codes(world, 46)
    assert await codes(world, 1, to="447700900999") == [200]


async def test_a_number_sends_80_messages_a_second(world: World) -> None:
    users = [f"44770090{user:04d}" for user in range(81)]
    assert [(await codes(world, 1, to=user))[0] for user in users] == [200] * 80 + [130429]
    await world.pass_time(1)
    assert await codes(world, 1, to=users[80]) == [200]


async def test_no_second_has_more_wherever_it_begins(world: World) -> None:
    world.limit(messages_per_second=10, pair_burst=0)
    assert await codes(world, 4) == [200] * 4
    await world.pass_time(0.9)
    assert await codes(world, 7) == [200] * 6 + [130429]
    await world.pass_time(0.2)
    # Only the first four are more than a second old.
    assert await codes(world, 5) == [200] * 4 + [130429]


async def test_the_limits_of_a_number_can_be_changed(world: World) -> None:
    world.limit(messages_per_second=2, pair_burst=0)
    assert await codes(world, 3) == [200, 200, 130429]


async def test_a_limit_of_zero_is_none(world: World) -> None:
    world.limit(messages_per_second=0, pair_burst=0)
    assert await codes(world, 200) == [200] * 200


async def test_a_refused_message_uses_up_nothing_and_is_not_recorded(world: World) -> None:
    await codes(world, 60)
    assert world.meta.ledger.accepted == 45
    await world.pass_time(6.1)
    assert await codes(world, 1) == [200]


async def test_a_message_after_24_hours_is_accepted_and_then_fails(world: World) -> None:
    await world.write({"text": "Hello"})
    await world.pass_time(DAY + 1)
    status, answer = await world.send(text(biz_opaque_callback_data="ours"))
    await world.pass_time(10)
    (failed,) = world.receiver.statuses()
    assert status == 200
    assert (failed["id"], failed["status"]) == (answer["messages"][0]["id"], "failed")
    assert failed["errors"][0]["code"] == 131047
    assert failed["biz_opaque_callback_data"] == "ours"


async def test_a_failed_status_names_no_contacts(world: World) -> None:
    world.limit(strict_window=True)
    await world.send(text())
    await world.pass_time(1)
    (change,) = world.receiver.taken[0].changes
    assert "contacts" not in change
    assert "recipient_user_id" not in change["statuses"][0]


async def test_every_message_of_the_user_opens_the_window_again(world: World) -> None:
    for _ in range(3):
        await world.write({"text": "Hello"})
        await world.pass_time(DAY - 60)
    await world.send(text())
    await world.pass_time(1)
    assert [status["status"] for status in world.receiver.statuses()] == ["sent", "delivered"]


async def test_a_template_passes_a_closed_window(world: World) -> None:
    world.limit(strict_window=True)
    template = {"name": "reminder", "language": {"code": "en"}}
    body = {"messaging_product": "whatsapp", "to": PHONE, "type": "template", "template": template}
    await world.client.post("/v26.0/300700900/messages", json=body, headers=AUTHORIZED)
    await world.pass_time(1)
    assert [status["status"] for status in world.receiver.statuses()] == ["sent", "delivered"]


async def test_a_user_never_heard_counts_as_inside_the_window_unless_it_is_strict(world: World) -> None:
    await world.send(text())
    world.limit(strict_window=True)
    await world.send(text())
    await world.pass_time(1)
    assert [status["status"] for status in world.receiver.statuses()] == ["sent", "failed", "delivered"]
