"""Messages that do not arrive: where a node catches it the flow goes there, even after it has ended."""

from services.executor.domain.arrival import SendFailed
from services.executor.domain.events import DeliveryFailed
from tests.unit.executor.walks import Talk, ask, end, flow, say

CAUGHT = flow(
    {"offer": say("An offer."), "q": ask("Yes?"), "bye": end("Bye."), "other": say("By another way."),
     "blocked": say("Blocked.")},
    ("offer", "q", "next"), ("offer", "other", "failed"), ("offer", "blocked", "failed:131026"), ("q", "bye"),
)  # fmt: skip


def test_a_message_that_did_not_arrive_leads_by_failed() -> None:
    talk = Talk(CAUGHT)
    talk.says("hi")
    assert talk.fails("offer", 500) == ["By another way."]
    assert talk.node is None


def test_the_edge_of_a_cause_comes_before_the_edge_for_any() -> None:
    talk = Talk(CAUGHT)
    talk.says("hi")
    assert talk.fails("offer", 131026) == ["Blocked."]


def test_a_failure_counts_once() -> None:
    talk = Talk(CAUGHT)
    talk.says("hi")
    talk.fails("offer", 500)
    assert talk.fails("offer", 500) == []


def test_once_the_contact_answers_the_message_has_arrived() -> None:
    talk = Talk(CAUGHT)
    talk.says("hi")
    talk.says("yes")
    assert talk.fails("offer", 500) == []


def test_a_node_without_an_edge_for_it_catches_nothing() -> None:
    talk = Talk(CAUGHT)
    talk.says("hi")
    assert talk.fails("q", 500) == []
    assert talk.node == "q"


def test_a_last_word_that_fails_still_leads_on_after_the_flow_has_ended() -> None:
    last = flow(
        {"bye": say("Bye."), "over": end("(over)"), "again": ask("Did you get it?")},
        ("bye", "over", "next"), ("bye", "again", "failed"),
    )  # fmt: skip
    talk = Talk(last)
    assert talk.says("hi") == ["Bye.", "(over)"]
    assert talk.fails("bye", 500) == ["Did you get it?"]
    assert talk.node == "again"


def test_a_failure_after_the_session_has_run_out_changes_nothing() -> None:
    talk = Talk(
        flow({"bye": say("Bye."), "again": ask("Did you get it?")}, ("bye", "again", "failed")), session_hours=1
    )  # fmt: skip
    talk.says("hi")
    talk.after(hours=2)
    assert talk.fails("bye", 500) == []


def test_a_failure_of_a_flow_that_was_left_changes_nothing_in_the_flow_that_is_stood_in() -> None:
    first = flow({"offer": say("Offer."), "go": ("jump", {"targetFlow": "second"}), "sorry": end("Sorry.")},
                 ("offer", "go"), ("offer", "sorry", "failed"))  # fmt: skip
    talk = Talk(first, flow({"q": ask("Second?")}, name="second"))
    talk.says("hi")
    assert talk.fails("offer", 500) == []
    assert talk.node == "q"


def test_a_failure_of_a_flow_nobody_was_in_changes_nothing() -> None:
    talk = Talk(CAUGHT)
    assert talk.told(SendFailed("main", DeliveryFailed("offer", 500))) == []


def test_a_failure_while_a_person_has_the_conversation_moves_nothing() -> None:
    talk = Talk(CAUGHT)
    talk.says("hi")
    talk.taken()
    assert talk.fails("offer", 500) == []
    assert talk.node == "q"
