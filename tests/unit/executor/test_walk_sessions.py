"""How long a session lasts: from the last message, as the house or the flow says, and as long as something is due."""

from tests.unit.executor.walks import Talk, ask, end, flow, say

TALK = flow({"name": ask("Name?", "name"), "age": ask("Age?", "age"), "bye": end("Bye.")},
            ("name", "age"), ("age", "bye"))  # fmt: skip


def test_a_session_ends_when_nothing_was_said_for_its_time() -> None:
    talk = Talk(TALK, session_hours=1)
    talk.says("hi")
    talk.after(minutes=59)
    assert talk.node == "name"
    talk.after(minutes=1)
    assert (talk.node, talk.reasons) == (None, ["expired"])
    assert talk.says("Rui") == ["Name?"]


def test_every_message_gives_it_the_whole_time_again() -> None:
    talk = Talk(TALK, session_hours=1)
    talk.says("hi")
    talk.after(minutes=50)
    talk.says("Rui")
    talk.after(minutes=59)
    assert talk.node == "age"
    talk.after(minutes=1)
    assert talk.node is None


def test_the_flows_own_time_comes_before_the_houses() -> None:
    talk = Talk(flow({"q": ask(), "bye": end("Bye.")}, ("q", "bye"), settings={"session_ttl_seconds": 120}))
    talk.says("hi")
    talk.after(seconds=119)
    assert talk.node == "q"
    talk.after(seconds=1)
    assert talk.node is None


def test_a_session_outlives_what_it_waits_for() -> None:
    talk = Talk(
        flow({"q": ask(timeoutSeconds=3 * 3600), "gone": say("Nobody."), "again": ask("Again?")},
             ("q", "gone", "no_reply"), ("gone", "again"), ("q", "again", "answered")),
        session_hours=1,
    )  # fmt: skip
    talk.says("hi")
    assert talk.after(hours=3) == ["Nobody.", "Again?"]
    assert talk.node == "again"
    talk.after(minutes=61)
    assert talk.node is None


def test_a_flow_with_a_short_time_still_waits_for_its_own_timers() -> None:
    talk = Talk(
        flow({"q": ask(timeoutSeconds=600), "gone": end("Nobody.")}, ("q", "gone", "no_reply"), ("q", "gone"),
             settings={"session_ttl_seconds": 60})
    )  # fmt: skip
    talk.says("hi")
    assert talk.after(seconds=600) == ["Nobody."]


def test_a_new_session_keeps_no_variables_of_the_one_before() -> None:
    talk = Talk(TALK, session_hours=1)
    talk.says("hi")
    talk.says("Rui")
    talk.after(hours=2)
    talk.says("hi")
    assert talk.session.variables == {}


def test_an_expired_session_drops_its_timers() -> None:
    talk = Talk(flow({"q": ask("?", timeoutSeconds=60), "bye": end("Bye.")}, ("q", "bye")), session_hours=1)
    talk.says("hi")
    talk.after(hours=3)
    assert talk.node is None
    assert talk.due() == {}
