"""Timers of a session: set with the place it stands at, dropped when it leaves, and stale ones change nothing."""

from uuid import UUID

from services.executor.domain.arrival import TimerDue
from services.executor.domain.standing import state_id_of
from tests.unit.executor.walks import Talk, ask, end, flow, say

STATE = state_id_of(UUID("00000000-0000-4000-8000-00000000000b"), "main")

TIMED = flow(
    {"name": ask("Name?", "name", timeoutSeconds=60), "age": ask("Age?", "age", timeoutSeconds=30),
     "gone": end("Nobody there."), "bye": end("{{name}}, {{age}}")},
    ("name", "age", "answered"), ("name", "gone", "no_reply"), ("age", "bye", "answered"), ("age", "gone", "no_reply"),
)  # fmt: skip


def test_a_question_without_an_answer_is_left_by_no_reply_in_time() -> None:
    talk = Talk(TIMED)
    talk.says("hi")
    assert talk.after(seconds=59) == []
    assert talk.after(seconds=1) == ["Nobody there."]
    assert talk.reasons == ["end_node"]


def test_the_timer_of_a_question_goes_with_it_and_the_next_sets_its_own() -> None:
    talk = Talk(TIMED)
    talk.says("hi")
    assert talk.due()["no_reply"] == 60
    talk.says("Rui")
    assert talk.due()["no_reply"] == 30
    talk.says("41")
    assert "no_reply" not in talk.due()


def test_a_timer_that_fired_for_a_place_that_was_left_changes_nothing() -> None:
    talk = Talk(TIMED)
    talk.says("hi")
    stale = talk.session.timers["no_reply"]
    talk.says("Rui")
    assert talk.told(TimerDue("no_reply", STATE, stale)) == []
    assert (talk.kinds, talk.node) == ([], "age")


def test_a_timer_of_another_state_changes_nothing() -> None:
    talk = Talk(TIMED)
    talk.says("hi")
    other = state_id_of(UUID("00000000-0000-4000-8000-00000000000b"), "another")
    assert talk.told(TimerDue("no_reply", other, talk.session.timers["no_reply"])) == []
    assert talk.node == "name"


def test_a_timer_that_fires_twice_counts_once() -> None:
    talk = Talk(TIMED)
    talk.says("hi")
    due = talk.session.timers["no_reply"]
    assert talk.told(TimerDue("no_reply", STATE, due)) == ["Nobody there."]
    assert talk.told(TimerDue("no_reply", STATE, due)) == []


def test_a_wrong_answer_gives_the_contact_the_whole_time_again() -> None:
    number = flow(
        {"age": ("question", {"kind": "number", "content": "Age?", "variableName": "age", "timeoutSeconds": 60}),
         "gone": end("Nobody there.")},
        ("age", "gone", "no_reply"), ("age", "gone", "answered"), ("age", "gone", "invalid"),
    )  # fmt: skip
    talk = Talk(number)
    talk.says("hi")
    talk.after(seconds=50)
    assert talk.says("old") == ["Invalid answer. Please type a number."]
    assert talk.after(seconds=59) == []
    assert talk.after(seconds=1) == ["Nobody there."]


def test_no_reply_without_an_edge_leaves_the_question_standing() -> None:
    lone = flow({"name": ask("Name?", "name", timeoutSeconds=60), "bye": end("{{name}}")}, ("name", "bye"))
    talk = Talk(lone)
    talk.says("hi")
    assert talk.after(hours=2) == []
    assert (talk.node, talk.says("Rui")) == ("name", ["Rui"])


def test_a_flow_that_ends_early_drops_what_it_waited_for() -> None:
    talk = Talk(flow({"wait": say("…", delay_ms=9000), "q": ask(timeoutSeconds=60)}, ("wait", "q")))
    talk.says("hi")
    assert set(talk.due()) == {"delay", "session_expiry"}
    talk.after(seconds=9)
    assert set(talk.due()) == {"no_reply", "session_expiry"}
    talk.says("so")
    assert set(talk.due()) == {"session_expiry"}
