"""What several messages in a row mean to a question: each in turn, all as one, or the last."""

from typing import Any

import pytest

from services.executor.domain.bursts import MOST_CHARACTERS, MOST_MESSAGES
from services.executor.domain.events import InboundMessage
from tests.unit.executor.walks import Talk, ask, end, flow


def asking(policy: str, **data: Any) -> Talk:
    """A conversation at a question that takes bursts this way, after which comes another question."""
    talk = Talk(
        flow(
            {
                "need": ask("What?", "need", burst={"policy": policy, "quietSeconds": 2}, **data),
                "when": ask("When?", "when"),
                "bye": end("{{need}} | {{when}}"),
                "gone": end("Nobody there."),
            },
            ("need", "when", "answered"),
            ("need", "gone", "no_reply"),
            ("when", "bye", "answered"),
        )
    )
    talk.says("hi")
    return talk


def type_fast(talk: Talk, *texts: str) -> list[str]:
    """Send messages half a second apart; what was said meanwhile."""
    said = []
    for text in texts:
        said += talk.says(text)
        said += talk.after(seconds=0.5)
    return said


def test_joined_messages_are_one_answer_a_line_each() -> None:
    talk = asking("join")
    assert type_fast(talk, "a table", "for four", "by the window") == []
    assert talk.after(seconds=2) == ["When?"]
    assert talk.session.variables["need"] == "a table\nfor four\nby the window"


def test_the_latest_message_is_the_answer() -> None:
    talk = asking("latest")
    assert type_fast(talk, "a tble", "a table", "no, two tables") == []
    assert talk.after(seconds=2) == ["When?"]
    assert talk.session.variables["need"] == "no, two tables"


def test_queued_messages_answer_one_question_each() -> None:
    talk = asking("queue")
    assert type_fast(talk, "a table", "tomorrow") == ["When?", "a table | tomorrow"]


def test_each_message_begins_the_quiet_time_anew() -> None:
    talk = asking("join")
    talk.says("a")
    talk.after(seconds=1.9)
    talk.says("b")
    assert talk.after(seconds=1.9) == []
    assert talk.after(seconds=0.1) == ["When?"]
    assert talk.session.variables["need"] == "a\nb"


def test_a_burst_is_remembered_in_the_session_until_it_is_over() -> None:
    talk = asking("join")
    talk.says("a")
    assert [message["text"] for message in talk.session.gathered] == ["a"]
    talk.after(seconds=2)
    assert talk.session.gathered == ()


def test_a_contact_that_is_writing_is_not_asked_whether_he_is_there() -> None:
    talk = asking("join", timeoutSeconds=3)
    talk.after(seconds=2)
    talk.says("a")
    assert "no_reply" not in talk.due()
    assert talk.after(seconds=3) == ["When?"]


@pytest.mark.parametrize("texts", [["x"] * MOST_MESSAGES, ["x" * MOST_CHARACTERS]])
def test_somebody_who_never_pauses_is_answered_at_last(texts: list[str]) -> None:
    talk = asking("join")
    said = [word for text in texts for word in talk.says(text)]
    assert said == ["When?"]


def test_a_wrong_burst_counts_as_one_wrong_answer() -> None:
    talk = asking("join", validation={"max_length": 5, "maxAttempts": 2})
    type_fast(talk, "one", "two")
    assert talk.after(seconds=2) == ["The answer is too long. Please try again."]
    assert talk.session.attempts == 1
    type_fast(talk, "ok")
    assert talk.after(seconds=2) == ["When?"]


def test_a_joined_picture_keeps_what_it_is_and_takes_all_the_words() -> None:
    talk = asking("join")
    talk.says("look")
    talk.sends(InboundMessage(kind="image", caption="my cat", details={"media_id": "m1"}))
    talk.after(seconds=2)
    assert talk.session.variables["need"] == "look\nmy cat"


def test_nobody_taps_in_parts() -> None:
    menu = flow(
        {"size": ("buttons", {"content": "Size?", "variableName": "size", "burst": {"policy": "latest"},
                              "buttons": [{"id": "s", "title": "Small"}, {"id": "l", "title": "Large"}]}),
         "bye": end("{{size}}")},
        ("size", "bye"),
    )  # fmt: skip
    talk = Talk(menu)
    talk.says("hi")
    assert talk.says("smal") == []
    assert talk.taps("l") == ["l"]
    assert talk.session.gathered == ()
    assert "burst" not in talk.due()
