"""What starts a flow by itself: published triggers, from the webhook to the call of Meta."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.shop import Shop, flow_of, sign
from tests.journeys.webhooks import Element, Person

# As Meta tells of a click on an ad that opens a chat.
REFERRAL = {
    "source_url": "https://fb.me/3canary",
    "source_id": "120226300000001",
    "source_type": "ad",
    "headline": "Seedlings",
    "body": "Fresh every morning",
    "media_type": "image",
    "image_url": "https://ads.example/seedlings.jpg",
    "ctwa_clid": "canary-click",
}


def started_by(words: str, *triggers: dict[str, Any]) -> Element:
    """A flow that says one thing and ends, with triggers."""
    flow = sign(words)
    flow["nodes"][0]["data"] = {"triggers": list(triggers)}
    return flow


def keyword(match: str, *keywords: str) -> dict[str, Any]:
    return {"kind": "keyword", "match": match, "keywords": list(keywords)}


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """A shop whose number has a default flow, beside flows that start by themselves."""
    opened = open_shop(
        {
            "default": sign("default"),
            "exact": started_by("exact", keyword("exact", "Menu")),
            "pattern": started_by("pattern", keyword("regex", "(?i)^pedido [0-9]+$")),
            "button": started_by("button", {"kind": "template_button", "payloads": ["BUY-7"]}),
            "ad": started_by("ad", {"kind": "referral", "sourceTypes": ["ad"]}),
        }
    )
    opened.house.settle()
    return opened


def tap_on_template(person: Person, payload: str, text: str) -> Element:
    """A tap on a quick reply of a template."""
    message = webhooks.text(person, text) | {"type": "button", "button": {"payload": payload, "text": text}}
    del message["text"]
    return message


def place_of(shop: Shop, token: str, name: str) -> str:
    flows = shop.ask("GET", "/flows", token=token).json()["flows"]
    return next(f"/flows/{flow['id']}" for flow in flows if flow["name"] == name)


def test_keywords_patterns_buttons_and_ads_start_what_was_published_for_them(shop: Shop) -> None:
    person = shop.person()
    shop.hear_text(person, " mENU ", "Pedido 42", "pedido quarenta")
    shop.hear(person, tap_on_template(person, "BUY-7", "Quero"), tap_on_template(person, "OTHER", "Não"))
    shop.hear(person, webhooks.text(person, "Vi o anúncio") | {"referral": REFERRAL})
    shop.hear(person, webhooks.text(person, "Vi o post") | {"referral": REFERRAL | {"source_type": "post"}})
    assert shop.replies(person) == ["exact", "pattern", "default", "button", "default", "ad", "default"]


def test_any_message_starts_a_flow_from_its_publication_until_it_is_deleted(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    made = shop.ask(
        "POST", "/flows", token=token, json={"document": started_by("any", {"kind": "any"}) | {"name": "any"}}
    )
    place = f"/flows/{made.json()['id']}"
    shop.hear_text(person, "before")
    assert shop.ask("POST", f"{place}/publish", token=token, json={}).status_code == 200
    shop.house.settle()
    shop.hear_text(person, "after", "menu")
    changed = shop.ask("PUT", place, token=token, json={"document": started_by("word", keyword("contains", "fter"))})
    assert changed.status_code == 200
    assert shop.ask("POST", f"{place}/publish", token=token, json={}).status_code == 200
    shop.house.settle()
    shop.hear_text(person, "before", "After")
    assert shop.ask("POST", f"{place}/rollback", token=token, json={"version": 1}).status_code == 200
    shop.house.settle()
    shop.hear_text(person, "rolled back")
    assert shop.ask("DELETE", place, token=token).status_code == 204
    shop.house.settle()
    shop.hear_text(person, "gone")

    assert shop.replies(person) == ["default", "any", "exact", "default", "word", "any", "default"]
    noted = [
        each["action"] for each in shop.ask("GET", "/audit", token=token, params={"room": "router"}).json()["changes"]
    ]
    assert noted.count("flow_triggers.put") == 4 + 4


def test_a_trigger_interrupts_no_session(open_shop: OpenShop) -> None:
    shop = open_shop({"echo": flow_of("echo"), "exact": started_by("exact", keyword("exact", "Menu"))})
    shop.house.settle()
    person = shop.person()
    shop.hear_text(person, "hello", "menu")
    assert shop.replies(person) == ["You said: ", "You said: menu"]


def test_apply_again_changes_nothing_and_triggers_of_the_file_go_first(open_shop: OpenShop) -> None:
    shop = open_shop({"default": sign("default"), "flow": started_by("flow", keyword("exact", "menu"))})
    flows = {"default": sign("default"), "flow": started_by("flow", keyword("exact", "menu"))}
    assert "nothing to change" in shop.apply(shop.document(flows))
    shop.house.settle()
    person = shop.person()
    shop.hear_text(person, "menu")
    shop.apply(shop.document(flows, triggers=[{"keyword": "enu", "match": "contains", "flow": "default"}]))
    shop.hear_text(person, "menu")
    assert shop.replies(person) == ["flow", "default"]


def test_a_trigger_arrives_though_executor_dies_between_publication_and_its_delivery(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    place = place_of(shop, token, "exact")
    document = started_by("late", keyword("exact", "late"))
    assert shop.ask("PUT", place, token=token, json={"document": document}).status_code == 200
    deaf = shop.house.pids("router")
    try:
        # Router hears nothing, so the notice cannot have been delivered when executor dies.
        for pid in deaf:
            os.kill(pid, signal.SIGSTOP)
        assert shop.ask("POST", f"{place}/publish", token=token, json={}).status_code == 200
        for pid in shop.house.pids("executor"):
            os.kill(pid, signal.SIGKILL)
    finally:
        for pid in deaf:
            os.kill(pid, signal.SIGCONT)
    shop.house.settle()
    shop.hear_text(person, "late", "menu")
    assert shop.replies(person) == ["late", "default"]
