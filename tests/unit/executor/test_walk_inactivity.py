"""A question that nobody answers: a warning, and then what the flow says."""

from typing import Any

import pytest

from tests.unit.executor.walks import Talk, ask, end, flow


def waiting(then: str = "", **inactivity: Any) -> Talk:
    """A conversation at a question, in a flow that minds inactivity."""
    settings = {
        "inactivity": {
            "warnSeconds": 60, "warnMessage": "Are you there?", "thenSeconds": 30, "then": then,
            "message": "Well then.", "node": "help", **inactivity,
        }
    }  # fmt: skip
    talk = Talk(
        flow({"q": ask("Name?", "name"), "bye": end("Bye, {{name}}."), "help": end("Somebody will call you.")},
             ("q", "bye"), settings=settings)
    )  # fmt: skip
    talk.says("hi")
    return talk


def test_a_silent_contact_is_warned_once() -> None:
    talk = waiting("remind", thenSeconds=None)
    assert talk.after(seconds=59) == []
    assert talk.after(seconds=1) == ["Are you there?"]
    assert talk.after(hours=2) == []
    assert talk.node == "q"


@pytest.mark.parametrize(
    ("then", "said", "node"),
    [
        ("remind", ["Well then.", "Name?"], "q"),
        ("close", ["Well then."], None),
        ("handoff", ["Well then.", "Somebody will call you."], None),
        ("fallback", ["Well then.", "Somebody will call you."], None),
    ],
)
def test_after_the_warning_comes_what_the_flow_says(then: str, said: list[str], node: str | None) -> None:
    talk = waiting(then)
    talk.after(seconds=60)
    assert talk.after(seconds=30) == said
    assert talk.node == node


def test_a_session_closed_for_inactivity_says_why() -> None:
    talk = waiting("close")
    talk.after(seconds=90)
    assert talk.reasons == ["inactive"]
    assert "inactivity" not in talk.due()


def test_each_message_begins_the_watch_anew() -> None:
    talk = Talk(
        flow({"q": ("question", {"kind": "number", "content": "Age?", "variableName": "age"}), "bye": end("Bye.")},
             ("q", "bye"), settings={"inactivity": {"warnSeconds": 60, "warnMessage": "Are you there?"}})
    )  # fmt: skip
    talk.says("hi")
    talk.after(seconds=50)
    talk.says("old")
    assert talk.after(seconds=59) == []
    assert talk.after(seconds=1) == ["Are you there?"]


def test_after_an_answer_to_the_warning_the_next_silence_is_warned_of_again() -> None:
    talk = Talk(
        flow({"q": ask("Name?", "name"), "r": ask("Age?", "age")}, ("q", "r"),
             settings={"inactivity": {"warnSeconds": 60, "warnMessage": "Are you there?"}})
    )  # fmt: skip
    talk.says("hi")
    talk.after(seconds=60)
    assert talk.says("Rui") == ["Age?"]
    assert talk.after(seconds=60) == ["Are you there?"]


def test_nobody_is_warned_while_a_person_has_the_conversation() -> None:
    talk = waiting("close")
    talk.taken()
    assert talk.after(hours=1) == []


def test_nothing_is_said_outside_the_window_but_the_flow_goes_on() -> None:
    talk = waiting("close", warnSeconds=25 * 3600)
    assert talk.after(hours=26) == []
    assert talk.node is None
