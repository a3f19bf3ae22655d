"""What a node does that would speak while the 24 hour window is closed."""

from services.executor.domain.turn import NEXT, Closed, Finish, Holding, Move, Passing, Turn
from tests.unit.executor.walks import Talk, ask, end, flow, made, say

# A question that times out after a day and a bit: what follows it would speak with the window closed.
LATE = 25 * 3600


def test_a_closed_window_is_branched_on_where_an_edge_says_so() -> None:
    talk = Talk(
        flow(
            {"q": ask(timeoutSeconds=LATE), "nudge": say("Still there?"), "silent": ("end", {})},
            ("q", "nudge", "no_reply"),
            ("nudge", "silent", "window_closed"),
            ("q", "silent", "answered"),
        )
    )
    talk.says("hi")
    assert talk.after(hours=26) == []
    assert talk.session.execution_path == ("start", "q", "nudge", "silent")
    assert talk.node is None


def test_without_an_edge_it_waits_for_the_contact_and_then_speaks() -> None:
    talk = Talk(
        flow({"q": ask(timeoutSeconds=LATE), "nudge": say("Still there?"), "again": ask("And?")},
             ("q", "nudge", "no_reply"), ("nudge", "again"), ("q", "again", "answered"))
    )  # fmt: skip
    talk.says("hi")
    assert talk.after(hours=26) == []
    assert (talk.node, talk.session.is_blocked) == ("nudge", True)
    assert talk.says("I am back") == ["Still there?", "And?"]
    assert (talk.node, talk.session.is_blocked) == ("again", False)


def test_a_flow_whose_window_is_waited_for_keeps_its_edge_unused() -> None:
    talk = Talk(
        flow({"q": ask(timeoutSeconds=LATE), "nudge": say("Still there?"), "silent": ("end", {})},
             ("q", "nudge", "no_reply"), ("nudge", "silent", "window_closed"), ("q", "silent", "answered"),
             settings={"on_window_closed": "wait"})
    )  # fmt: skip
    talk.says("hi")
    talk.after(hours=26)
    assert (talk.node, talk.session.is_blocked) == ("nudge", True)


def test_the_nodes_own_policy_comes_before_the_flows() -> None:
    talk = Talk(
        flow({"q": ask(timeoutSeconds=LATE), "nudge": say("Still there?", onWindowClosed="branch"), "out": ("end", {})},
             ("q", "nudge", "no_reply"), ("nudge", "out", "window_closed"), ("q", "out", "answered"),
             settings={"on_window_closed": "wait"})
    )  # fmt: skip
    talk.says("hi")
    talk.after(hours=26)
    assert talk.node is None


def test_nothing_but_a_message_opens_the_window() -> None:
    talk = Talk(
        flow({"q": ask(timeoutSeconds=LATE), "nudge": say("Still there?")}, ("q", "nudge", "no_reply"))
    )  # fmt: skip
    talk.says("hi")
    talk.after(hours=26)
    assert talk.released() == []
    assert talk.session.is_blocked


def test_a_template_speaks_in_the_nodes_place_and_the_flow_goes_on() -> None:
    def template(turn: Turn) -> None:
        turn.say("nudge", "(template)")

    def nudge(turn: Turn) -> Move:
        turn.say("nudge", "Still there?")
        return NEXT

    def last(turn: Turn) -> Move:
        turn.say("last", "Bye.")
        return Finish("end_node")

    def pause(turn: Turn) -> None:
        turn.set_timer("delay", LATE)

    speaking = made(
        {"wait": (Holding(pause, lambda turn, event: NEXT), {"next": "nudge"}),
         "nudge": (Passing(nudge), {"next": "last"}), "last": (Passing(last), {})},
        closed={"nudge": Closed("template", template)},
    )  # fmt: skip
    talk = Talk(speaking)
    talk.says("hi")
    assert talk.after(hours=26) == ["(template)", "Bye."]


def test_an_open_window_changes_nothing() -> None:
    talk = Talk(
        flow({"q": ask(timeoutSeconds=60), "nudge": say("Still there?"), "out": end("Out.")},
             ("q", "nudge", "no_reply"), ("nudge", "out", "window_closed"), ("q", "out", "answered"))
    )  # fmt: skip
    talk.says("hi")
    assert talk.after(seconds=60) == ["Still there?"]
