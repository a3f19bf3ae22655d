"""What the log is told of turns: whose the first message is, the way a turn went, how long people took, every end."""

from services.executor.domain.effects import Record
from services.executor.domain.limits import Limits
from tests.unit.executor.walks import Talk, ask, end, flow, say

TALK = flow(
    {"hi": say("Hi."), "age": ask("Age?", "age", kind="number"), "bye": end("Bye.")},
    ("hi", "age"), ("age", "bye"),
)  # fmt: skip


def noted(talk: Talk, kind: str) -> Record:
    """The one record of this kind of the last act."""
    (record,) = [record for record in talk.world.happened.records if record.kind == kind]
    return record


def test_the_message_that_begins_a_flow_is_the_flows_and_tells_the_way() -> None:
    talk = Talk(TALK)
    talk.says("hello")

    first = noted(talk, "contact_message")
    assert (first.flow_id, first.flow_version, first.node_id) == (TALK.flow_id, TALK.version, TALK.start_id)
    assert first.path == ("", "", TALK.start_id, "next", "hi", "next", "age")
    assert first.answered_after_us == 0


def test_an_answer_tells_where_it_was_given_how_late_and_where_it_led() -> None:
    talk = Talk(TALK)
    talk.says("hello")
    talk.after(seconds=40)
    talk.says("31")

    answer = noted(talk, "contact_message")
    assert (answer.node_id, answer.answered_after_us) == ("age", 40_000_000)
    assert answer.path == ("age", "next", "bye")
    assert noted(talk, "flow_ended").text == "end_node"


def test_a_wrong_answer_goes_nowhere() -> None:
    talk = Talk(TALK)
    talk.says("hello")
    talk.says("old")

    assert noted(talk, "contact_message").path == ()
    assert noted(talk, "invalid_answer").node_id == "age"


def test_exits_have_their_names() -> None:
    talk = Talk(
        flow({"q": ask(timeoutSeconds=60), "late": ask("Still there?"), "bye": end("Bye.")},
             ("q", "late", "no_reply"), ("q", "bye", "answered"), ("late", "bye"))
    )  # fmt: skip
    talk.says("hello")
    talk.after(seconds=60)

    moved = noted(talk, "moved")
    assert (moved.path, moved.node_id) == (("q", "no_reply", "late"), "late")


def test_who_writes_to_no_flow_is_in_none() -> None:
    talk = Talk(TALK)
    talk.says("hello")
    talk.taken()
    talk.after(seconds=30)
    talk.says("thank you")

    assert noted(talk, "contact_message").answered_after_us == 0


def test_a_session_that_expired_ends_before_the_next_one_begins() -> None:
    talk = Talk(TALK, session_hours=1)
    talk.says("hello")
    talk.after(minutes=61)

    assert (noted(talk, "flow_ended").text, noted(talk, "flow_ended").node_id) == ("expired", "age")
    talk.says("hello again")
    assert talk.kinds[:2] == ["contact_message", "flow_started"]


def test_a_turn_that_a_limit_stops_ends_its_flow() -> None:
    talk = Talk(flow({"a": say("a"), "b": say("b")}, ("a", "b"), ("b", "a")), limits=Limits(max_iterations=5))
    talk.says("hello")

    assert noted(talk, "flow_ended").text == "limit"


def test_a_person_who_takes_over_tells_how_long_it_took() -> None:
    talk = Talk(flow({"hi": say("Hi."), "h": ("handoff", {}), "bye": end("Bye.")}, ("hi", "h"), ("h", "bye")))
    talk.says("hello")
    talk.after(seconds=90)
    talk.taken()

    assert noted(talk, "taken").answered_after_us == 90_000_000
