"""contact, handoff and analytics: what other rooms are told, and what the flow sees of it."""

from typing import Any

import pytest

from services.executor.domain.commands import ChangeContact, Command, HandOver, LogEvent
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.events import InboundMessage, Released
from services.executor.domain.nodes.handoff import priority_of
from services.executor.domain.session import Session
from tests.unit.executor.dialogues import plain, take
from tests.unit.executor.walks import Talk, ask, end, flow, say

SHOWN = say("{{contact.name}} {{contact.language}} {{contact.attributes.city}} {{contact.tags}}")
CONTEXT: dict[str, Any] = {"contact": {"name": "Ana", "language": "en", "tags": ["new"], "attributes": {"age": 3}}}


def changing(**data: Any) -> CompiledFlow:
    return flow(
        {"ask": ask(), "change": ("contact", data), "show": SHOWN, "again": ask("More?"), "later": SHOWN},
        ("ask", "change"), ("change", "show"), ("show", "again"), ("again", "later"),
    )  # fmt: skip


def two_turns(flow: CompiledFlow, said: str) -> tuple[tuple[Command, ...], tuple[Command, ...], Session]:
    session = take(flow, None, InboundMessage("hi"), context=CONTEXT).session
    first = take(flow, session, InboundMessage(said), context=CONTEXT)
    second = take(flow, first.session, InboundMessage("x"), context=CONTEXT)
    return first.commands, second.commands, first.session


def test_a_contact_is_changed_and_the_session_sees_it_at_once_and_later() -> None:
    data = {
        "attributes": {"city": "{{answer}}", "list": ["{{answer}}"]},
        "addTags": ["vip", "{{answer}}", " "],
        "removeTags": ["new"],
        "language": "pt_BR",
        "optIn": True,
    }
    first, second, _ = two_turns(changing(**data), "Recife")
    assert first[0] == ChangeContact(
        "change", {"city": "Recife", "list": ["Recife"]}, ("vip", "Recife"), ("new",), "pt_BR", True
    )
    assert plain(first[1]) == 'Ana pt_BR Recife ["vip","Recife"]'
    assert plain(second[0]) == 'Ana pt_BR Recife ["vip","Recife"]'
    assert CONTEXT["contact"]["tags"] == ["new"]


def test_a_tag_that_is_put_on_again_stays() -> None:
    nodes = {
        "off": ("contact", {"removeTags": ["new"]}),
        "on": ("contact", {"addTags": ["new"]}),
        "show": SHOWN,
    }
    commands = take(flow(nodes, ("off", "on"), ("on", "show")), None, InboundMessage("hi"), context=CONTEXT).commands
    assert plain(commands[2]) == 'Ana en  ["new"]'


def test_a_session_remembers_no_more_of_a_contact_than_it_may() -> None:
    nodes: dict[str, Any] = {
        f"c{number}": ("contact", {"attributes": {f"a{number}": "{{long}}"}}) for number in range(30)
    }
    edges = [(f"c{number}", f"c{number + 1}") for number in range(29)]
    filled = flow({**nodes, "ask": ask()}, *edges, ("c29", "ask"), variables={"long": "x" * 5000})
    outcome = take(filled, None, InboundMessage("hi"))
    assert len(outcome.commands) == 31
    assert len(str(outcome.session.memo)) < 20_000
    assert "variables_full" in {note.code for note in outcome.trace.notes}


SAID = {"back": "Back.", "none": "Nobody.", "late": "Late."}


def handing(**data: Any) -> Talk:
    return Talk(
        flow(
            {"ask": ask(), "hand": ("handoff", data), **{name: end(said) for name, said in SAID.items()}},
            ("ask", "hand"), ("hand", "back", "released"), ("hand", "none", "no_agent"), ("hand", "late", "timeout"),
        )
    )  # fmt: skip


def test_people_are_told_who_what_and_how_urgent() -> None:
    talk = handing(
        queueId="q", departmentName="{{answer}}", agentId="7", agentName="Bia", priority="high", message="One moment.",
        contextMessage="Wants {{answer}}.",
    )  # fmt: skip
    talk.says("hi")
    assert talk.says("sales") == ["One moment."]
    assert talk.world.happened.handed_over == [HandOver("hand", "q", "sales", "7", 80, "Wants sales.")]
    assert talk.session.is_handed_over


def test_the_bot_is_silent_until_the_people_give_it_back() -> None:
    talk = handing(timeoutSeconds=600)
    talk.says("hi")
    talk.says("x")
    assert [talk.says("hello?"), talk.after(minutes=9)] == [[], []]
    assert talk.released() == ["Back."]


@pytest.mark.parametrize(("outcome", "said"), [("released", "Back."), ("no_agent", "Nobody.")])
def test_how_it_comes_back_names_the_way(outcome: Any, said: str) -> None:
    talk = handing()
    talk.says("hi")
    talk.says("x")
    assert talk.told(Released(outcome)) == [said]


def test_people_who_do_not_give_it_back_in_time_lose_it() -> None:
    talk = handing(timeoutSeconds=600)
    talk.says("hi")
    talk.says("x")
    assert talk.after(minutes=10) == ["Late."]
    assert talk.released() == []


@pytest.mark.parametrize(
    ("text", "priority"), [("", 50), ("LOW", 20), ("urgent", 100), ("7", 7), ("900", 100), ("-1", 0), ("soon", 50)]
)
def test_a_priority_is_a_word_or_a_number(text: str, priority: int) -> None:
    assert priority_of(text) == priority


def test_an_event_is_noted_with_what_belongs_to_it() -> None:
    data = {
        "eventName": "sold {{kind}}", "eventValue": "{{list}}", "eventProperties": {"a": "{{kind}}"},
        "tags": ["x", "{{kind}}"],
    }  # fmt: skip
    noted = flow({"a": ("analytics", data)}, variables={"kind": "bread", "list": [1, 2]})
    commands = take(noted, None, InboundMessage("hi")).commands
    assert commands[0] == LogEvent("a", "sold bread", [1, 2], {"a": "bread", "tags": ["x", "bread"]})


def test_an_event_that_is_too_large_keeps_its_name_alone() -> None:
    noted = flow({"a": ("analytics", {"eventName": "e", "eventValue": "{{long}}"})}, variables={"long": "x" * 9000})
    outcome = take(noted, None, InboundMessage("hi"))
    assert outcome.commands[0] == LogEvent("a", "e", None, {})
    assert [note.code for note in outcome.trace.notes] == ["event_too_large"]
