"""Flows call APIs and models through all five rooms: answered once, whatever dies meanwhile."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys import webhooks
from tests.journeys.api import Answer, Api, Heard, running_api
from tests.journeys.conftest import OpenShop
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, texts
from tests.journeys.webhooks import Element

SECRET = "canary-stock-key-5521"
PATIENT = {"timeoutSeconds": 30, "maxRetries": 2, "retryDelay": 0.1}


def flow(*nodes: Element, **ways: str) -> Element:
    """A flow that goes through these nodes in order; `ways` lead from the second one by handle to what is said."""
    named = [{"id": "begin", "type": "start", "data": {}}, *nodes]
    edges = [
        {"id": f"e{number}", "source": here["id"], "target": there["id"]}
        for number, (here, there) in enumerate(itertools.pairwise(named))
    ]
    for handle, words in ways.items():
        named.append({"id": f"way_{handle}", "type": "end", "data": {"content": words}})
        edges.append({"id": f"w_{handle}", "source": nodes[0]["id"], "target": f"way_{handle}", "sourceHandle": handle})
    return {"schema": "pytake.flow/1", "name": "effects", "nodes": named, "edges": edges}


def call(url: str, **more: Any) -> Element:
    """A node that asks an API for pots."""
    data = {"url": url, "mapping": {"pots": "stock.pots"}, **PATIENT, **more}
    return {"id": "call", "type": "http_request", "data": data}


def say(words: str, name: str = "bye") -> Element:
    return {"id": name, "type": "end", "data": {"content": words}}


@pytest.fixture
def api() -> Iterator[Api]:
    with running_api() as api:
        yield api


def stock(heard: Heard) -> Answer:
    return 200, {"stock": {"pots": 7}}


def test_a_flow_asks_an_api_with_a_secret_and_says_what_it_answered(open_shop: OpenShop, api: Api) -> None:
    api.answer = stock
    asking = call(
        f"{api.url}/items",
        method="POST",
        headers={"X-Key": "Token {{secret.STOCK}}"},
        query={"who": "{{contact.name}}"},
        body={"said": "{{user_message}}"},
    )
    shop = open_shop({"ask": flow(asking, say("{{pots}} pots"))}, secrets=[{"name": "STOCK", "value": SECRET}])
    person = shop.person()
    shop.hear_text(person, "give me {{secret.STOCK}}")

    assert shop.replies(person) == ["7 pots"]
    (heard,) = api.heard
    assert (heard.method, heard.headers["x-key"]) == ("POST", f"Token {SECRET}")
    assert heard.body == '{"said":"give me {{secret.STOCK}}"}'
    assert heard.headers["traceparent"].split("-")[1] == heard.headers["idempotency-key"]
    found = shop.conversation(person, token=shop.token())
    assert SECRET not in str(found) + shop.house.log()


def test_an_api_that_fails_is_asked_again_and_then_its_edge_is_taken(open_shop: OpenShop, api: Api) -> None:
    api.answer = lambda heard: (503, {"message": "closed"})
    shop = open_shop({"ask": flow(call(f"{api.url}/items"), say("yes"), failed="sorry")})
    person = shop.person()
    shop.hear_text(person, "hi")

    assert shop.replies(person) == ["sorry"]
    assert len(api.heard) == 3
    assert len(set(api.keys())) == 1


def test_an_address_inside_is_not_called(open_shop: OpenShop) -> None:
    shop = open_shop({"ask": flow(call("http://169.254.169.254/latest/meta-data"), say("yes"), failed="sorry")})
    person = shop.person()
    shop.hear_text(person, "hi")

    assert shop.replies(person) == ["sorry"]


def test_others_are_answered_while_an_api_takes_its_time(open_shop: OpenShop, api: Api) -> None:
    is_over = threading.Event()

    def slowly(heard: Heard) -> Answer:
        is_over.wait(30)
        return stock(heard)

    api.answer = slowly
    slow = open_shop({"ask": flow(call(f"{api.url}/items"), say("{{pots}} pots"))})
    quick = open_shop({"sign": flow(say("quick"))})
    waits(slow, "hi")
    eventually(lambda: bool(api.heard), "a call")
    waits(quick, "hi")
    eventually(lambda: quick.replies(quick.person()) == ["quick"], "an answer meanwhile")
    assert slow.replies(slow.person()) == []
    is_over.set()
    slow.house.settle()

    assert slow.replies(slow.person()) == ["7 pots"]


def test_a_call_goes_on_when_executor_is_killed_in_the_middle_of_it(open_shop: OpenShop, api: Api) -> None:
    is_over = threading.Event()

    def first_hangs(heard: Heard) -> Answer:
        if len(api.heard) == 1:
            is_over.wait(60)
        return stock(heard)

    api.answer = first_hangs
    shop = open_shop({"ask": flow(call(f"{api.url}/items", timeoutSeconds=60), say("{{pots}} pots"))})
    waits(shop, "hi")
    eventually(lambda: bool(api.heard), "a call")
    shop.house.kill("executor")
    shop.house.settle()
    is_over.set()

    assert shop.replies(shop.person()) == ["7 pots"]
    assert len(api.heard) == 2
    assert len(set(api.keys())) == 1


def test_a_delay_goes_on_when_executor_is_killed_in_the_middle_of_it(open_shop: OpenShop) -> None:
    waiting = {"id": "wait", "type": "delay", "data": {"seconds": 4, "message": "one moment"}}
    shop = open_shop({"later": flow(waiting, say("done"))})
    person = shop.person()
    shop.hear_text(person, "hi")
    shop.house.kill("executor")
    eventually(lambda: len(shop.replies(person)) > 1, "the end of the delay")
    shop.house.settle()

    assert shop.replies(person) == ["one moment", "done"]


def test_a_model_answers_in_the_flow(open_shop: OpenShop, api: Api) -> None:
    api.answer = lambda heard: (200, {"choices": [{"message": {"content": "Basil likes sun."}}], "usage": {}})
    data = {"baseUrl": f"{api.url}/v1", "model": "small", "secretId": "MODEL", "systemPrompt": "Be short."}
    asking = {"id": "model", "type": "ai_reply", "data": data}
    shop = open_shop({"ask": flow(asking, say("Bye"))}, secrets=[{"name": "MODEL", "value": SECRET}])
    person = shop.person()
    shop.hear_text(person, "What about basil?")

    assert shop.replies(person) == ["Basil likes sun.", "Bye"]
    (heard,) = api.heard
    assert (heard.path, heard.headers["authorization"]) == ("/v1/chat/completions", f"Bearer {SECRET}")
    assert "What about basil?" in heard.body


def test_a_message_that_does_not_arrive_leads_to_its_edge(open_shop: OpenShop) -> None:
    offer = {"id": "offer", "type": "question", "data": {"content": "Sun or shade?", "variableName": "place"}}
    failed = {"id": "note", "type": "message", "data": {"content": "Once more:"}}
    document = flow(offer, say("thanks"))
    document["nodes"].append(failed)
    document["edges"] += [{"id": "f", "source": "offer", "target": "note", "sourceHandle": "failed:131026"}]
    shop = open_shop({"offer": document})
    house, person = shop.house, shop.person()
    house.web.put(f"{house.meta}/_sim/faults", json={"refuse_for_good": 1.0}).raise_for_status()
    try:
        waits(shop, "hi")
        eventually(lambda: failed_once(shop), "a refusal")
    finally:
        house.web.put(f"{house.meta}/_sim/faults", json={}).raise_for_status()
    house.settle()

    state = shop.conversation(person, token=shop.token())["current_state"]
    assert state["execution_path"] == ["begin", "offer", "note"]


def failed_once(shop: Shop) -> bool:
    """Whether the flow has heard of it."""
    found = shop.conversation(shop.person(), token=shop.token())
    return bool(found["current_state"]["execution_path"][-1] == "note")


def waits(shop: Shop, line: str) -> None:
    """Deliver a text and wait for nothing."""
    person = shop.person()
    shop.deliver(webhooks.body([webhooks.change(shop.number, [person], messages=texts(person, [line]))]))
