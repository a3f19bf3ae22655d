"""A person takes a conversation and gives it back: the bot is silent meanwhile and goes on where it stood."""

from tests.unit.executor.walks import Talk, ask, end, flow, say

TALK = flow(
    {"name": ask("Name?", "name", timeoutSeconds=60), "bye": end("Bye, {{name}}."), "gone": end("Nobody there.")},
    ("name", "bye", "answered"), ("name", "gone", "no_reply"),
)  # fmt: skip


def test_the_bot_is_silent_while_a_person_has_the_conversation() -> None:
    talk = Talk(TALK)
    talk.says("hi")
    assert talk.taken() == []
    assert talk.kinds == ["taken"]
    assert talk.says("Rui") == []
    assert talk.kinds == ["contact_message"]


def test_no_timer_runs_meanwhile() -> None:
    talk = Talk(TALK)
    talk.says("hi")
    talk.taken()
    assert set(talk.due()) == {"session_expiry"}
    assert talk.after(hours=5) == []
    assert talk.node == "name"


def test_released_the_question_stands_as_if_just_asked() -> None:
    talk = Talk(TALK)
    talk.says("hi")
    talk.taken()
    talk.says("for the person")
    assert talk.released() == []
    assert talk.kinds == ["released"]
    assert talk.due()["no_reply"] == 60
    assert talk.says("Rui") == ["Bye, Rui."]


def test_what_was_typed_before_somebody_took_it_is_theirs() -> None:
    talk = Talk(flow({"need": ask("What?", "need", burst={"policy": "join"}), "bye": end("{{need}}")}, ("need", "bye")))
    talk.says("hi")
    talk.says("half a sen")
    talk.taken()
    talk.released()
    talk.says("all of it")
    assert talk.after(seconds=2) == ["all of it"]


def test_a_pause_begins_anew_when_the_conversation_is_released() -> None:
    talk = Talk(flow({"wait": say("Thinking.", delay_ms=5000), "bye": end("Bye.")}, ("wait", "bye")))
    talk.says("hi")
    talk.taken()
    assert talk.after(minutes=5) == []
    talk.released()
    assert talk.due()["delay"] == 5
    assert talk.after(seconds=5) == ["Thinking.", "Bye."]


def test_a_session_a_person_has_does_not_end_by_time() -> None:
    talk = Talk(TALK, session_hours=1)
    talk.says("hi")
    talk.taken()
    talk.after(days=3)
    talk.released()
    assert talk.says("Rui") == ["Bye, Rui."]


def test_a_conversation_without_a_session_can_be_taken_and_begins_afterwards() -> None:
    talk = Talk(TALK)
    assert talk.taken() == []
    assert talk.says("hi") == []
    assert talk.released() == []
    assert talk.says("hi again") == ["Name?"]


def test_a_question_that_could_not_be_asked_is_asked_after_a_person_gave_the_conversation_back() -> None:
    late = flow(
        {"q": ask("First?", "a", timeoutSeconds=25 * 3600), "r": ask("Second?", "b"), "bye": end("{{b}}")},
        ("q", "r", "no_reply"), ("q", "r", "answered"), ("r", "bye"),
    )  # fmt: skip
    talk = Talk(late)
    talk.says("hi")
    talk.after(hours=26)
    talk.taken()
    assert talk.says("for the person") == []
    assert talk.released() == ["Second?"]
    assert talk.says("yes") == ["yes"]


def test_a_question_that_still_cannot_be_asked_waits_for_the_contact() -> None:
    late = flow(
        {"q": ask("First?", "a", timeoutSeconds=25 * 3600), "r": ask("Second?", "b"), "bye": end("{{b}}")},
        ("q", "r", "no_reply"), ("q", "r", "answered"), ("r", "bye"),
    )  # fmt: skip
    talk = Talk(late)
    talk.says("hi")
    talk.after(hours=26)
    talk.taken()
    assert talk.released() == []
    assert talk.says("I am here") == ["Second?"]
