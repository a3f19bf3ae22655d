"""Nodes that act and then wait for something that is no answer: a call outside, a pause, people."""

from services.executor.domain.answers import Accepted, Verdict
from services.executor.domain.events import EffectDone, Event, InboundMessage, Released, TimerFired
from services.executor.domain.turn import NEXT, Finish, Go, Holding, Move, Passing, Turn, Waiting
from services.executor.domain.walk import MOST_BACKLOG
from tests.unit.executor.walks import Talk, ask, end, flow, made, say

PAUSE = flow(
    {"first": ask("Name?", "name"), "wait": say("Thinking.", delay_ms=5000), "then": ask("Age?", "age"),
     "bye": end("{{name}} {{age}}")},
    ("first", "wait"), ("wait", "then"), ("then", "bye"),
)  # fmt: skip


def calling(seconds: float = 10, *, keeps: bool = False) -> Holding:
    """Call outside, and say what came."""

    def enter(turn: Turn) -> Move | None:
        turn.start_effect("call", "http", {"url": "https://shop.example"}, seconds=seconds)
        return None

    def wake(turn: Turn, event: Event) -> Move | None:
        if isinstance(event, EffectDone):
            turn.say("call", f"status {event.status}")
            return Go((event.outcome,))
        return Go(("timeout",)) if isinstance(event, TimerFired) else None

    return Holding(enter, wake, keeps_messages=keeps)


def told(text: str) -> Passing:
    def run(turn: Turn) -> Move:
        turn.say("told", text)
        return Finish("end_node")

    return Passing(run)


CALL = made({
    "call": (calling(), {"ok": "good", "timeout": "late", "failed": "bad"}),
    "good": (told("good"), {}), "late": (told("late"), {}), "bad": (told("bad"), {}),
})  # fmt: skip


def test_a_call_outside_ends_by_its_result() -> None:
    talk = Talk(CALL)
    assert talk.says("hi") == []
    call = talk.world.calls["call"]
    assert (talk.node, talk.due()["effect"]) == ("call", 10)
    assert talk.answered(call, status=204) == ["status 204", "good"]
    assert "effect" not in talk.due()


def test_a_call_that_takes_too_long_ends_by_its_timer_and_a_late_result_changes_nothing() -> None:
    talk = Talk(CALL)
    talk.says("hi")
    call = talk.world.calls["call"]
    assert talk.after(seconds=11) == ["late"]
    assert talk.answered(call) == []
    assert talk.kinds == []


def test_a_result_counts_once() -> None:
    talk = Talk(CALL)
    talk.says("hi")
    call = talk.world.calls["call"]
    assert talk.answered(call, status=500) == ["status 500", "bad"]
    assert talk.answered(call, status=500) == []


def test_the_result_of_a_call_of_before_is_not_taken_for_this_one() -> None:
    talk = Talk(CALL)
    talk.says("hi")
    before = talk.world.calls["call"]
    talk.answered(before)
    talk.says("again")
    assert talk.answered(before) == []
    assert talk.node == "call"
    assert talk.answered(talk.world.calls["call"]) == ["status 200", "good"]


def test_a_message_while_a_call_is_out_is_not_lost_when_the_node_keeps_messages() -> None:
    question = Waiting(lambda turn: turn.say("ask", "?"), taken_as_it_is, "answer", ("next",), None, 3)
    keeping = made({
        "call": (calling(keeps=True), {"ok": "ask"}), "ask": (question, {"next": "done"}), "done": (told("done"), {}),
    })  # fmt: skip
    talk = Talk(keeping)
    talk.says("hi")
    assert talk.says("my answer") == []
    assert talk.answered(talk.world.calls["call"]) == ["status 200", "?", "done"]
    assert talk.session.variables == {"answer": "my answer"}


def taken_as_it_is(message: InboundMessage) -> Verdict:
    return Accepted(message.spoken())


def test_messages_during_a_pause_answer_the_next_questions_in_order() -> None:
    talk = Talk(PAUSE)
    talk.says("hi")
    assert talk.says("Rui") == []
    assert (talk.node, talk.due()["delay"]) == ("wait", 5)
    assert talk.says("41") == []
    assert talk.after(seconds=5) == ["Thinking.", "Age?", "Rui 41"]


def test_only_so_many_messages_are_kept_and_the_log_says_so() -> None:
    talk = Talk(PAUSE)
    talk.says("hi")
    talk.says("Rui")
    for number in range(MOST_BACKLOG):
        talk.says(str(number))
        assert talk.reasons == []
    talk.says("one too many")
    assert talk.reasons == ["backlog"]
    assert len(talk.session.backlog) == MOST_BACKLOG


def test_what_is_left_of_the_kept_messages_waits_for_the_next_question() -> None:
    two = flow(
        {"wait": say("…", delay_ms=1000), "a": ask("A?", "a"), "pause": say("…", delay_ms=1000), "b": ask("B?", "b"),
         "bye": end("{{a}}{{b}}")},
        ("wait", "a"), ("a", "pause"), ("pause", "b"), ("b", "bye"),
    )  # fmt: skip
    talk = Talk(two)
    talk.says("hi")
    talk.says("1")
    talk.says("2")
    assert talk.after(seconds=1) == ["…", "A?"]
    assert talk.session.backlog != ()
    assert talk.after(seconds=1) == ["…", "B?", "12"]


def test_what_is_left_goes_along_to_the_flow_that_is_jumped_to() -> None:
    away = flow(
        {"wait": say("…", delay_ms=1000), "go": ("jump", {"targetFlow": "other"})}, ("wait", "go"),
    )  # fmt: skip
    talk = Talk(away, flow({"q": ask("Q?", "q"), "bye": end("{{q}}!")}, ("q", "bye"), name="other"))
    talk.says("hi")
    talk.says("meanwhile")
    assert talk.after(seconds=1) == ["…", "Q?", "meanwhile!"]


def people(turn: Turn, event: Event) -> Move | None:
    return NEXT if isinstance(event, Released) else None


HANDED = made({
    "people": (Holding(lambda turn: None, people, is_with_person=True), {"next": "back"}), "back": (told("back"), {}),
})  # fmt: skip


def test_a_conversation_that_was_handed_over_is_silent_until_it_is_released() -> None:
    talk = Talk(HANDED)
    talk.says("hi")
    assert talk.session.is_with_person
    assert talk.says("hello?") == []
    assert talk.kinds == ["contact_message"]
    assert talk.released() == ["back"]


def test_a_conversation_with_people_does_not_expire() -> None:
    talk = Talk(HANDED)
    talk.says("hi")
    assert talk.after(days=30) == []
    assert talk.released() == ["back"]


def test_holding_that_has_nothing_to_wait_for_goes_on_at_once() -> None:
    at_once = made({"a": (Holding(lambda turn: NEXT, people), {"next": "b"}), "b": (told("b"), {})})
    assert Talk(at_once).says("hi") == ["b"]
