"""Five messages within a fraction of a second: what each policy of a question makes of them, through all rooms."""

from __future__ import annotations

import itertools

import pytest

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.patience import eventually
from tests.journeys.shop import texts
from tests.journeys.webhooks import Element

LINES = ["I would like", "two", "no, three", "pots of", "basil"]


def flow(policy: str) -> Element:
    """Two questions, the first with the policy, and what was understood."""

    def question(name: str, **more: object) -> Element:
        return {"id": name, "type": "question", "data": {"content": f"{name}?", "variableName": name, **more}}

    nodes = [
        {"id": "begin", "type": "start", "data": {}},
        question("order", burst={"policy": policy, "quietSeconds": 1.5}),
        question("town"),
        {"id": "bye", "type": "end", "data": {"content": "<{{order}}> to <{{town}}>"}},
    ]
    edges = [
        {"id": f"e{number}", "source": here["id"], "target": there["id"]}
        for number, (here, there) in enumerate(itertools.pairwise(nodes))
    ]
    return {"schema": "pytake.flow/1", "name": policy, "nodes": nodes, "edges": edges}


@pytest.mark.parametrize(("policy", "understood"), [("join", "\n".join(LINES)), ("latest", LINES[-1])])
def test_what_is_typed_in_a_row_is_one_answer(open_shop: OpenShop, policy: str, understood: str) -> None:
    shop = open_shop({"order": flow(policy)})
    person = shop.person()
    shop.hear_text(person, "hi")
    for message in texts(person, LINES):
        shop.deliver(webhooks.body([webhooks.change(shop.number, [person], messages=[message])]))
    eventually(lambda: len(shop.replies(person)) > 1, "the next question")
    shop.house.settle()
    shop.hear_text(person, "Porto")

    assert shop.replies(person) == ["order?", "town?", f"<{understood}> to <Porto>"]


def test_in_a_queue_each_message_answers_the_question_that_stands(open_shop: OpenShop) -> None:
    shop = open_shop({"order": flow("queue")})
    person = shop.person()
    shop.hear_text(person, "hi")
    for message in texts(person, LINES):
        shop.deliver(webhooks.body([webhooks.change(shop.number, [person], messages=[message])]))
    shop.house.settle()

    # The third begins anew, for the flow has ended; the next two answer.
    first, second, _, fourth, fifth = LINES
    assert shop.replies(person) == [
        "order?", "town?", f"<{first}> to <{second}>",
        "order?", "town?", f"<{fourth}> to <{fifth}>",
    ]  # fmt: skip
