"""What people and Meta tell about messages as such, through all five rooms: stop words, preferences, templates."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.house import CommandFailed
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, sign
from tests.journeys.webhooks import Element, Person

STOPPED, STARTED = "Até logo.", "Que bom ter você de volta."
WORDS = {
    "languages": [
        {"language": "pt", "stop_words": ["chega"], "start_words": ["volta"],
         "stopped_text": STOPPED, "started_text": STARTED},
    ]
}  # fmt: skip
GREETING = {"name": "greeting", "language": "pt_BR", "category": "MARKETING"}
GREETING_PARTS = [{"type": "BODY", "text": "Olá {{1}}, temos pão novo."}]


def say(shop: Shop, person: Person, words: str, *, later: int = 0) -> None:
    """The person writes; `later` seconds from now by Meta's clock."""
    message = webhooks.text(person, words) | {"timestamp": str(int(time.time()) + later)}
    shop.hear(person, message)


def greeting_flow(*values: str) -> Element:
    data: dict[str, Any] = {"templateName": "greeting", "languageCode": "pt_BR", "parameters": {"body": list(values)}}
    nodes = [{"id": "s", "type": "start", "data": {}}, {"id": "t", "type": "template", "data": data}]
    nodes.append({"id": "e", "type": "end", "data": {}})
    edges = [{"id": "1", "source": "s", "target": "t"}, {"id": "2", "source": "t", "target": "e"}]
    return {"schema": "pytake.flow/1", "name": "greeting", "nodes": nodes, "edges": edges}


def account(shop: Shop) -> str:
    return f"8800{shop.serial:08d}"


def with_account(shop: Shop, flow: Element) -> dict[str, Any]:
    entry = shop.number_entry(shop.number, default_flow="flow", waba_id=account(shop))
    return shop.document({"flow": flow}, numbers=[entry])


def make_greeting(shop: Shop) -> None:
    answer = shop.ask(
        "POST", f"/whatsapp/{shop.number}/templates", token=shop.token(),
        json=GREETING | {"components": GREETING_PARTS},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text


def test_after_a_stop_word_a_person_is_answered_only_what_they_write_later(open_shop: OpenShop) -> None:
    shop = open_shop({"sign": sign("Aberto até às 20h.")}, opt_out=WORDS)
    person = shop.person()
    say(shop, person, "Chega!")
    assert shop.replies(person) == [STOPPED]

    say(shop, person, "vocês abrem hoje?", later=10)
    assert shop.replies(person) == [STOPPED, "Aberto até às 20h."]

    say(shop, person, "volta", later=20)
    assert shop.replies(person)[2:] == [STARTED, "Aberto até às 20h."]


def test_a_template_is_made_over_rest_and_flows_are_held_against_it(open_shop: OpenShop) -> None:
    shop = open_shop({})
    shop.apply(with_account(shop, sign("oi")))
    make_greeting(shop)
    listed = shop.ask("GET", f"/whatsapp/{shop.number}/templates", token=shop.token()).json()
    assert [(each["name"], each["status"]) for each in listed["templates"]] == [("greeting", "APPROVED")]
    assert "1 templates" in shop.house.pytake("template", "sync", shop.name, shop.number)
    assert "greeting\tpt_BR\tMARKETING\tAPPROVED" in shop.house.pytake("template", "list", shop.name)

    with pytest.raises(CommandFailed) as refused:
        shop.apply(with_account(shop, greeting_flow()))
    assert "takes 1 value in its body, not 0" in str(refused.value)

    shop.apply(with_account(shop, greeting_flow("Iara")))
    shop.hear_text(shop.person(), "oi")
    (sent,) = shop.sent_to(shop.person())
    assert sent["body"]["template"]["components"][0]["parameters"] == [{"type": "text", "text": "Iara"}]


def test_what_meta_tells_of_a_template_is_known_without_asking(open_shop: OpenShop) -> None:
    shop = open_shop({})
    shop.apply(with_account(shop, sign("oi")))
    make_greeting(shop)
    path = f"{shop.house.meta}/_sim/templates/{account(shop)}/greeting/pt_BR"
    assert shop.house.web.put(path, json={"status": "PAUSED", "quality": "RED"}).json() == {"told": 2}

    def told() -> bool:
        line = json.loads(shop.house.pytake("template", "list", shop.name, "--json"))
        return (line["status"], line["quality"]) == ("PAUSED", "RED")

    eventually(told, "the template is known to be paused")


def test_who_stops_marketing_gets_no_advertising(open_shop: OpenShop) -> None:
    shop = open_shop({})
    shop.apply(with_account(shop, greeting_flow("Iara")))
    make_greeting(shop)
    person = shop.person()
    for value, count in (("stop", 0), ("resume", 1)):
        asked = {"phone_number_id": shop.number, "wa_id": person.wa_id, "value": value}
        assert shop.house.web.post(f"{shop.house.meta}/_sim/preferences", json=asked).status_code == 200
        eventually(lambda: _is_told(shop), "the webhook is taken")
        shop.house.settle()
        say(shop, person, "oi", later=count)
        assert len(shop.sent_to(person)) == count


def _is_told(shop: Shop) -> bool:
    return bool(shop.house.web.get(f"{shop.house.meta}/_sim/stats").json()["pending_webhooks"] == 0)


def test_a_throughput_upgrade_that_meta_tells_is_what_the_number_is_kept_to(open_shop: OpenShop) -> None:
    shop = open_shop({})
    shop.apply(with_account(shop, sign("oi")))
    value = {"display_phone_number": shop.number, "event": "THROUGHPUT_UPGRADE",
             "max_daily_conversations_per_business": "TIER_10K"}  # fmt: skip
    change = {"field": "phone_number_quality_update", "value": value}
    entry = {"id": account(shop), "time": int(time.time()), "changes": [change]}
    shop.deliver(json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode())

    def told() -> bool:
        lines = shop.house.pytake("status", "--numbers").splitlines()
        (own,) = [line for line in lines if line.startswith(f"number     {shop.number} of ")]
        return "kept to 1000 a second, 10000 users a day" in own

    eventually(told, "the number is kept to its new limits")
