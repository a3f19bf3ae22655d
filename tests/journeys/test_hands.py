"""People and the bot share conversations: the bot never talks over a person, and knows what it noted of a contact."""

from __future__ import annotations

import itertools

from tests.journeys.conftest import OpenShop
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop
from tests.journeys.webhooks import Element, Person


def flow(*nodes: Element, **more: str) -> Element:
    """A flow through these nodes in order; `more` leads from the first by handle to what is said."""
    named: list[Element] = [{"id": "begin", "type": "start", "data": {}}, *nodes]
    edges = [
        {"id": f"e{number}", "source": here["id"], "target": there["id"]}
        for number, (here, there) in enumerate(itertools.pairwise(named))
    ]
    for handle, words in more.items():
        named.append(say(words, f"way_{handle}"))
        edges.append({"id": handle, "source": nodes[0]["id"], "target": f"way_{handle}", "sourceHandle": handle})
    return {"schema": "pytake.flow/1", "name": "hands", "nodes": named, "edges": edges}


def say(words: str, name: str = "bye") -> Element:
    return {"id": name, "type": "end", "data": {"content": words}}


def ask(name: str) -> Element:
    return {"id": name, "type": "question", "data": {"content": f"{name}?", "variableName": name}}


def handoff(**more: object) -> Element:
    return {"id": "people", "type": "handoff", "data": {"message": "Somebody will be with you.", **more}}


def hand(shop: Shop, person: Person, way: str, **body: object) -> None:
    """Take or release over REST, as an agent."""
    answer = shop.ask("POST", f"/conversations/{person.wa_id}/{way}", token=shop.token("agent"), json=body)
    assert answer.status_code == 200, answer.text
    shop.house.settle()


def test_after_a_handoff_the_bot_is_silent_until_people_release_the_conversation(open_shop: OpenShop) -> None:
    shop = open_shop({"help": flow(handoff(priority="high", departmentName="sales"), say("The bot again."))})
    person = shop.person()
    shop.hear_text(person, "help", "hello?", "are you there?")
    assert shop.replies(person) == ["Somebody will be with you."]

    hand(shop, person, "release")
    assert shop.replies(person) == ["Somebody will be with you.", "The bot again."]
    shop.hear_text(person, "help")
    assert shop.replies(person)[2:] == ["Somebody will be with you."]


def test_when_nobody_takes_care_the_flow_goes_its_own_way(open_shop: OpenShop) -> None:
    shop = open_shop({"help": flow(handoff(), say("The bot again."), no_agent="Nobody is here now.")})
    person = shop.person()
    shop.hear_text(person, "help")
    hand(shop, person, "release", is_unattended=True)

    assert shop.replies(person) == ["Somebody will be with you.", "Nobody is here now."]


def test_when_a_handoff_takes_too_long_the_bot_hears_the_contact_again(open_shop: OpenShop) -> None:
    document = flow(handoff(timeoutSeconds=2), ask("size"), say("Size {{size}}."))
    shop = open_shop({"help": document})
    person = shop.person()
    shop.hear_text(person, "help")
    eventually(lambda: len(shop.replies(person)) > 1, "the end of the wait")
    shop.house.settle()
    shop.hear_text(person, "M")

    assert shop.replies(person) == ["Somebody will be with you.", "size?", "Size M."]


def test_a_person_takes_a_conversation_in_the_middle_and_the_question_still_stands_after(open_shop: OpenShop) -> None:
    shop = open_shop({"order": flow(ask("size"), say("Size {{size}}."))})
    person = shop.person()
    shop.hear_text(person, "hi")
    hand(shop, person, "take")
    shop.hear_text(person, "which one do you mean?", "ah")
    assert shop.replies(person) == ["size?"]

    hand(shop, person, "release")
    shop.hear_text(person, "M")
    assert shop.replies(person)[-1] == "Size M."


def test_a_conversation_that_is_closed_while_people_have_it_is_the_bots_again(open_shop: OpenShop) -> None:
    shop = open_shop({"help": flow(handoff(), say("The bot again."))})
    person = shop.person()
    shop.hear_text(person, "help")
    answer = shop.ask("POST", f"/conversations/{person.wa_id}/close", token=shop.token("agent"), json={})
    assert answer.status_code == 200
    shop.house.settle()
    shop.hear_text(person, "help again")

    assert shop.replies(person) == ["Somebody will be with you."] * 2


def test_what_a_flow_notes_of_a_contact_is_known_in_the_next_session(open_shop: OpenShop) -> None:
    note = {
        "id": "note",
        "type": "contact",
        "data": {"attributes": {"size": "{{size}}"}, "addTags": ["regular"], "language": "pt_BR", "optIn": True},
    }
    hello = {"id": "hello", "type": "message", "data": {"content": "<{{contact.attributes.size}}{{contact.tags}}>"}}
    shop = open_shop({"order": flow(hello, ask("size"), note, say("Noted."))})
    person = shop.person()
    shop.hear_text(person, "hi", "M", "hi")

    assert shop.replies(person) == ["<>", "size?", "Noted.", '<M["regular"]>', "size?"]
