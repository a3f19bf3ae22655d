"""Flows that call flows: what goes along, what comes back, and what may not be called."""

from services.executor.domain.advance import MOST_CALLERS, MOST_JUMPS
from tests.unit.executor.walks import Talk, ask, end, flow, say


def call(target: str, **data: object) -> tuple[str, dict[str, object]]:
    return "subflow", {"targetFlow": target, **data}


ADDRESS = flow(
    {"street": ask("Street of {{who}}?", "street"), "city": ask("City?", "city"), "done": ("end", {})},
    ("street", "city"), ("city", "done"), name="address",
)  # fmt: skip
ORDER = flow(
    {"name": ask("Name?", "name"),
     "where": call("address", variable_mapping={"who": "{{name}}"}, returns={"town": "city"}),
     "bye": end("{{name}} of {{town}}")},
    ("name", "where"), ("where", "bye"),
)  # fmt: skip


def test_a_called_flow_gets_what_is_mapped_and_gives_back_what_is_asked() -> None:
    talk = Talk(ORDER, ADDRESS)
    talk.says("hi")
    assert talk.says("Rui") == ["Street of Rui?"]
    assert talk.session.flow_id == "address"
    talk.says("Main")
    assert talk.says("Porto") == ["Rui of Porto"]
    assert talk.session.variables == {"name": "Rui", "town": "Porto"}


def test_the_caller_keeps_its_place_and_hears_nothing_meanwhile() -> None:
    talk = Talk(ORDER, ADDRESS)
    talk.says("hi")
    talk.says("Rui")
    assert [text["flow_id"] for text in talk.session.callers] == ["main"]
    assert (talk.node, talk.says("Main")) == ("street", ["City?"])


def test_what_is_said_too_early_is_heard_where_the_next_question_stands() -> None:
    inner = flow({"wait": say("…", delay_ms=1000), "a": ask("A?", "a")}, ("wait", "a"), name="inner")
    outer = flow({"go": call("inner", returns={"a": "a"}), "b": ask("B?", "b"), "bye": end("{{a}}{{b}}")},
                 ("go", "b"), ("b", "bye"))  # fmt: skip
    talk = Talk(outer, inner)
    talk.says("hi")
    talk.says("1")
    talk.says("2")
    assert talk.after(seconds=1) == ["…", "A?", "B?", "12"]


def test_a_called_flow_sees_what_changed_of_the_contact_and_so_does_its_caller() -> None:
    inner = flow(
        {"plan": say("{{contact.attributes.plan}}"), "up": ("contact", {"attributes": {"plan": "gold"}})},
        ("plan", "up"), name="inner",
    )  # fmt: skip
    outer = flow(
        {"set": ("contact", {"attributes": {"plan": "silver"}}), "go": call("inner"),
         "bye": end("{{contact.attributes.plan}}")},
        ("set", "go"), ("go", "bye"),
    )  # fmt: skip
    assert Talk(outer, inner).says("hi") == ["silver", "gold"]


def test_calls_may_be_nested() -> None:
    inner = flow({"q": ask("Inner?", "x")}, name="inner")
    outer = flow({"go": call("inner", returns={"y": "x"})}, name="outer")
    talk = Talk(flow({"go": call("outer", returns={"z": "y"}), "bye": end("{{z}}")}, ("go", "bye")), outer, inner)
    assert talk.says("hi") == ["Inner?"]
    assert talk.says("deep") == ["deep"]
    assert talk.reasons == ["no_edge", "no_edge", "end_node"]


def test_a_flow_that_calls_itself_is_refused() -> None:
    talk = Talk(flow({"hi": say("Hi."), "go": call("main")}, ("hi", "go")))
    assert talk.says("hi") == ["Hi."]
    assert talk.reasons == ["the flow calls itself, or calls too deep", "stopped"]
    assert talk.node is None


def test_a_circle_of_calls_is_refused() -> None:
    talk = Talk(flow({"a": call("other")}), flow({"b": call("main")}, name="other"))
    assert talk.says("hi") == []
    assert talk.reasons == ["the flow calls itself, or calls too deep", "stopped"]


def test_calls_may_not_go_too_deep() -> None:
    deep = [flow({"go": call(f"f{place + 1}")}, name=f"f{place}") for place in range(1, MOST_CALLERS + 3)]
    talk = Talk(flow({"go": call("f1")}), *deep)
    talk.says("hi")
    assert talk.reasons[0] in ("jumps", "the flow calls itself, or calls too deep")
    assert talk.node is None


def test_a_flow_that_is_not_published_ends_its_caller_and_the_log_says_so() -> None:
    talk = Talk(flow({"go": call("missing"), "bye": end("Bye.")}, ("go", "bye")))
    assert talk.says("hi") == []
    assert talk.reasons == ["the flow it leads to is not published", "stopped"]
    assert talk.says("hi") == []


def test_a_circle_of_jumps_ends() -> None:
    talk = Talk(flow({"go": ("jump", {"targetFlow": "other"})}),
                flow({"back": ("jump", {"targetFlow": "main"})}, name="other"))  # fmt: skip
    talk.says("hi")
    assert talk.reasons[-1] == "jumps"
    assert talk.kinds.count("flow_started") == MOST_JUMPS + 1
    assert talk.node is None


def test_a_jump_inside_a_called_flow_still_comes_back() -> None:
    called = flow({"go": ("jump", {"targetFlow": "third"})}, name="called")
    third = flow({"q": ask("Third?", "x")}, name="third")
    talk = Talk(flow({"go": call("called", returns={"y": "x"}), "bye": end("{{y}}")}, ("go", "bye")), called, third)
    assert talk.says("hi") == ["Third?"]
    assert talk.says("back") == ["back"]


def test_a_called_flow_whose_time_is_over_takes_its_caller_along() -> None:
    talk = Talk(ORDER, ADDRESS, session_hours=1)
    talk.says("hi")
    talk.says("Rui")
    assert talk.after(hours=2) == []
    assert talk.reasons == ["expired"]
    assert talk.says("hi") == ["Name?"]
    assert talk.session.callers == ()


def test_a_caller_may_call_again() -> None:
    twice = flow(
        {"one": call("address", returns={"a": "city"}), "two": call("address", returns={"b": "city"}),
         "bye": end("{{a}} {{b}}")},
        ("one", "two"), ("two", "bye"),
    )  # fmt: skip
    talk = Talk(twice, ADDRESS)
    talk.says("hi")
    talk.says("S")
    assert talk.says("Porto") == ["Street of ?"]
    talk.says("T")
    assert talk.says("Faro") == ["Porto Faro"]
