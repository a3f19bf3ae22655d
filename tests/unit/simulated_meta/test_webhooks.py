"""Webhooks as the receiver gets them: bytes, signature, statuses, retries, order."""

import asyncio
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from services.embedded.meta.webhooks import encode, signature
from tests.unit.simulated_meta.world import AUTHORIZED, NUMBER, PHONE, World, text


async def told(world: World, seconds: float = 60) -> list[str]:
    """The statuses taken after a while, in order of arrival."""
    await world.pass_time(seconds)
    return [status["status"] for status in world.receiver.statuses()]


def test_the_signature_is_the_documented_hmac_of_the_bytes() -> None:
    known = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    assert signature("key", b"The quick brown fox jumps over the lazy dog") == f"sha256={known}"


def test_a_body_is_escaped_as_meta_does() -> None:
    assert encode({"a": "ä/<%@\\ 😀"}) == rb'{"a":"\u00e4\/\u003C\u0025\u0040\\ \ud83d\ude00"}'


@pytest.mark.parametrize("words", ["plain", "ação / 100% <b>ü@x.example</b>", '😀 \\ " \n \u2028', "a\u0000b"])
async def test_what_a_phone_types_arrives_signed_and_unchanged(world: World, words: str) -> None:
    await world.write({"text": words})
    await world.pass_time(0)
    (posted,) = world.receiver.taken
    assert posted.body.isascii()
    assert posted.is_signed_with(NUMBER.app_secret)
    assert not posted.is_signed_with("another secret")
    assert world.receiver.messages()[0]["text"]["body"] == words


async def test_statuses_tell_all_that_meta_tells(world: World) -> None:
    _, answer = await world.send(text(biz_opaque_callback_data="ours"))
    await world.pass_time(1)
    (change,) = world.receiver.taken[0].changes
    (status,) = change["statuses"]
    assert change["metadata"] == {
        "display_phone_number": "442079460018",
        "phone_number_id": NUMBER.phone_number_id,
    }
    assert change["contacts"][0]["wa_id"] == status["recipient_id"] == PHONE
    assert change["contacts"][0]["user_id"] == status["recipient_user_id"]
    assert status["id"] == answer["messages"][0]["id"]
    assert status["biz_opaque_callback_data"] == "ours"
    assert status["pricing"] == {
        "billable": True,
        "pricing_model": "PMP",
        "type": "regular",
        "category": "service",
    }
    assert status["timestamp"] == "1800000000"


async def test_a_message_is_sent_and_then_delivered(world: World) -> None:
    await world.send(text())
    assert await told(world) == ["sent", "delivered"]


async def test_statuses_come_as_far_apart_as_planned(world: World) -> None:
    world.misbehave(delay_ms=5000, statuses=("sent", "delivered", "read"))
    await world.send(text())
    start = world.clock.now()
    assert await told(world) == ["sent", "delivered", "read"]
    assert [post.at - start for post in world.receiver.taken] == [5, 10, 15]


async def test_no_statuses_are_told_when_none_are_planned(world: World) -> None:
    world.misbehave(statuses=())
    await world.send(text())
    assert await told(world) == []


async def test_shuffled_statuses_are_all_told_but_not_always_in_order(world: World) -> None:
    world.misbehave(seed=1, shuffle=True, statuses=("sent", "delivered", "read"))
    orders = set()
    for _ in range(10):
        world.receiver.taken.clear()
        await world.send(text())
        orders.add(tuple(await told(world)))
    assert len(orders) > 1
    assert {tuple(sorted(order)) for order in orders} == {("delivered", "read", "sent")}


async def test_dropped_statuses_are_counted_and_never_come(world: World) -> None:
    world.misbehave(drop=1.0)
    await world.send(text())
    assert await told(world) == []
    assert world.meta.stats()["faults"] == {"status_dropped": 2}


async def test_doubled_statuses_come_twice(world: World) -> None:
    world.misbehave(duplicate=1.0)
    await world.send(text())
    assert await told(world) == ["sent", "sent", "delivered", "delivered"]


async def test_a_refused_webhook_is_tried_until_it_is_taken(world: World) -> None:
    world.receiver.refusals = 9
    await world.write({"text": "Hello"})
    await world.pass_time(60)
    assert len(world.receiver.posted) == 10
    assert len({post.body for post in world.receiver.posted}) == 1
    assert len(world.receiver.messages()) == 1


async def test_tries_are_further_and_further_apart(world: World) -> None:
    world.receiver.refusals = 8
    await world.write({"text": "Hello"})
    await world.pass_time(60)
    times = [post.at for post in world.receiver.posted]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    planned = [0.2, 0.5, 1, 2, 4, 5, 5, 5]
    assert all(0.8 * plan <= wait <= 1.2 * plan + 1e-6 for wait, plan in zip(waits, planned, strict=True))


async def test_a_phones_messages_wait_behind_one_that_is_refused(world: World) -> None:
    world.receiver.refusals = 3
    for words in ("one", "two", "three"):
        await world.write({"text": words})
    await world.pass_time(60)
    assert [message["text"]["body"] for message in world.receiver.messages()] == ["one", "two", "three"]
    assert world.receiver.posted[1].body == world.receiver.posted[0].body


async def test_other_phones_do_not_wait(world: World) -> None:
    world.receiver.refusals = 1
    await world.write({"text": "first"})
    await world.write({"text": "second"}, phone="447700900777")
    await world.pass_time(0.1)
    assert [message["text"]["body"] for message in world.receiver.messages()] == ["second"]


async def test_no_more_posts_are_under_way_than_planned(world: World) -> None:
    world.deliver(concurrency=3)
    world.receiver.hold = asyncio.Event()
    for user in range(10):
        await world.write({"text": "Hello"}, phone=f"4477009{user:05d}")
    await world.pass_time(0)
    assert world.receiver.most_at_once == 3
    world.receiver.hold.set()
    await world.pass_time(0)
    assert len(world.receiver.messages()) == 10
    assert world.receiver.most_at_once == 3


async def test_what_waits_travels_in_batches(world: World) -> None:
    world.deliver(concurrency=1, batch_size=4)
    world.receiver.hold = asyncio.Event()
    for user in range(9):
        await world.write({"text": f"{user}"}, phone=f"4477009{user:05d}")
    await world.pass_time(0)
    world.receiver.hold.set()
    await world.pass_time(0)
    assert [len(post.changes) for post in world.receiver.taken] == [4, 4, 1]


async def test_batches_keep_each_phones_order_and_hold_nobody_up_afterwards(world: World) -> None:
    world.deliver(concurrency=2, batch_size=3)
    world.receiver.hold = asyncio.Event()
    phones = ["447700900001", "447700900002"]
    for turn in range(8):
        for phone in phones:
            await world.write({"text": f"{turn}"}, phone=phone)
    await world.pass_time(0)
    world.receiver.hold.set()
    await world.pass_time(0)
    heard = [(message["from"], message["text"]["body"]) for message in world.receiver.messages()]
    for phone in phones:
        assert [words for sender, words in heard if sender == phone] == [f"{turn}" for turn in range(8)]
    assert world.meta.stats()["pending_webhooks"] == 0


async def test_one_phones_messages_may_share_a_post(world: World) -> None:
    world.deliver(batch_size=3)
    for words in ("one", "two", "three"):
        await world.write({"text": words})
    await world.pass_time(0)
    (posted,) = world.receiver.taken
    assert [value["messages"][0]["text"]["body"] for value in posted.changes] == ["one", "two", "three"]


async def test_a_refused_batch_comes_again_as_it_was(world: World) -> None:
    world.deliver(batch_size=10)
    world.misbehave(delay_ms=1000)
    world.receiver.refusals = 1
    for _ in range(3):
        await world.send(text())
    await world.pass_time(1.5)
    first, second = world.receiver.posted[:2]
    assert first.body == second.body
    assert [status["status"] for status in world.receiver.statuses()] == ["sent"] * 3


async def test_a_message_to_be_tried_again_is_not_lost_among_a_batch(world: World) -> None:
    world.deliver(concurrency=1, batch_size=5)
    world.receiver.refusals = 1
    await world.write({"text": "refused once"}, phone="447700900001")
    await world.pass_time(0)
    world.receiver.hold = asyncio.Event()
    for phone in ("447700900002", "447700900003"):
        await world.write({"text": "Hello"}, phone=phone)
        await world.pass_time(0)
    await world.pass_time(1)
    world.receiver.hold.set()
    await world.pass_time(0)
    assert len(world.receiver.messages()) == 3
    assert world.meta.stats()["pending_webhooks"] == 0


async def test_out_of_order_delivery_loses_nothing(world: World) -> None:
    world.deliver(out_of_order_ms=1000)
    sent = [f"{turn}" for turn in range(20)]
    for words in sent:
        await world.write({"text": words})
    await world.pass_time(2)
    arrived = [message["text"]["body"] for message in world.receiver.messages()]
    assert arrived != sent
    assert sorted(arrived, key=int) == sent


async def test_a_replaced_number_redirects_what_waits(world: World) -> None:
    world.receiver.refusals = 1
    await world.write({"text": "Hello"})
    await world.pass_time(0)
    world.meta.register(replace(NUMBER, webhook_url="http://elsewhere.invalid/", app_secret="new"))
    await world.pass_time(1)
    (posted,) = world.receiver.taken
    assert posted.url == "http://elsewhere.invalid/"
    assert posted.is_signed_with("new")


async def test_without_subscription_meta_is_silent_until_there_is_one(world: World) -> None:
    world.meta.register(replace(NUMBER, subscribed=False))
    await world.write({"text": "unheard"})
    assert (await world.get(SUBSCRIPTION))[1] == {"data": []}
    await world.client.post(f"/v26.0/{NUMBER.waba_id}/subscribed_apps", headers={"Authorization": "Bearer token-one"})
    await world.write({"text": "heard"})
    await world.pass_time(60)
    assert [message["text"]["body"] for message in world.receiver.messages()] == ["heard"]
    assert len((await world.get(SUBSCRIPTION))[1]["data"]) == 1


SUBSCRIPTION = f"/v26.0/{NUMBER.waba_id}/subscribed_apps"


async def subscribe(world: World, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
    answer = await world.client.post(SUBSCRIPTION, json=body, headers=AUTHORIZED)
    return answer.status, await answer.json()


async def test_an_address_that_returns_the_challenge_gets_the_webhooks_from_now_on(world: World) -> None:
    own = {"override_callback_uri": "https://own.invalid/hook", "verify_token": "right"}
    assert await subscribe(world, own) == (200, {"success": True})
    await world.write({"text": "Hello"})
    await world.pass_time(0)
    assert world.receiver.asked == ["https://own.invalid/hook"]
    assert [post.url for post in world.receiver.taken] == ["https://own.invalid/hook"]


@pytest.mark.parametrize(("token", "echo"), [("wrong", ""), ("right", "something else")])
async def test_an_address_that_fails_the_handshake_is_not_taken(world: World, token: str, echo: str) -> None:
    world.receiver.echo = echo
    own = {"override_callback_uri": "https://own.invalid/hook", "verify_token": token}
    status, answer = await subscribe(world, own)
    assert (status, answer["error"]["code"]) == (400, 2200)
    assert world.meta.numbers[NUMBER.phone_number_id].webhook_url == NUMBER.webhook_url


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"override_callback_uri": "own.invalid", "verify_token": "right"}, 131009),
        ({"override_callback_uri": "https://own.invalid"}, 131008),
    ],
)
async def test_an_address_without_scheme_or_token_is_refused(world: World, body: dict[str, str], code: int) -> None:
    status, answer = await subscribe(world, body)
    assert (status, answer["error"]["code"]) == (400, code)
    assert world.receiver.asked == []


async def test_pending_webhooks_are_counted_until_taken(world: World) -> None:
    world.receiver.refusals = 2
    await world.write({"text": "Hello"})
    await world.pass_time(0)
    assert world.meta.stats()["pending_webhooks"] == 1
    await world.pass_time(60)
    stats = world.meta.stats()
    assert (stats["pending_webhooks"], stats["taken_webhooks"], stats["refused_webhook_posts"]) == (0, 1, 2)


def test_an_encoded_body_reads_back_as_it_was() -> None:
    body = {"text": "</script> 50% a@b \\/ \ud800"}
    assert json.loads(encode(body)) == body
