"""Messages and webhooks as large as they can come, through every room."""

from __future__ import annotations

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.shop import flow_of, sign, texts

MIB = 1024 * 1024


def test_a_signed_webhook_of_three_mib_holds_nobody_up(open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo")})
    person = shop.person()
    shop.hear_text(person, "x" * (3 * MIB - 1000))
    shop.hear_text(person, "short again")

    assert shop.replies(person) == ["You said: ", "You said: short again"]


def test_many_messages_as_long_as_a_person_can_write_are_answered_and_read_in_order(open_shop: OpenShop) -> None:
    shop = open_shop({"sign": sign("Ring twice.")})
    person, token = shop.person(), shop.token()
    # Together more than one call between rooms may hold, and more than one page of a transcript.
    for number in range(20):
        message = webhooks.text(person, f"{number} {'🧀' * 60_000}")
        shop.deliver(webhooks.body([webhooks.change(shop.number, [person], messages=[message])]))
    shop.house.settle()

    assert shop.replies(person) == ["Ring twice."] * 20
    found = shop.conversation(person, token=token)
    assert found["total_messages"] == 40
    heard = [line["content"].split()[0] for line in found["messages"] if line["type"] == "user"]
    assert heard == [str(number) for number in range(len(heard))]
    assert 10 <= len(heard) < 20


def test_a_webhook_of_a_thousand_messages_is_answered_once_each(open_shop: OpenShop) -> None:
    shop = open_shop({"sign": sign("Ring twice.")})
    people = [shop.person(nth) for nth in range(1, 501)]
    messages = [message for person in people for message in texts(person, ["one", "two"])]
    content = webhooks.body([webhooks.change(shop.number, people, messages=messages)])
    shop.deliver(content)
    shop.deliver(content)
    shop.house.settle()

    query = {"phone_number_id": shop.number}
    ledger = shop.house.web.get(f"{shop.house.meta}/_sim/ledger", params=query).json()["messages"]
    assert len(ledger) == 1000
    assert {entry["to"] for entry in ledger} == {person.wa_id for person in people}
