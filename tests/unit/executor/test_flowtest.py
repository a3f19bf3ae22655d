"""Flow tests themselves: what they can say, and what they say when something does not hold."""

from typing import Any

import pytest

from services.executor.domain.document import FlowDocument, parse_document
from services.executor.domain.flowtest import (
    BadTest,
    Flows,
    Watch,
    coverage_of,
    read_suite,
    run_case,
    watched_flow,
)

Json = dict[str, Any]


def shop(**settings: Any) -> FlowDocument:
    """A menu, a call outside, a handoff."""
    order = {"content": "Which?", "variableName": "what", "timeoutSeconds": 600, "buttons": [
        {"id": "cup", "title": "A cup"}, {"id": "help", "title": "Help"}]}  # fmt: skip
    call = {"url": "https://shop.example/{{what}}", "outputVariable": "answer", "headers": {"X-Key": "{{secret.KEY}}"}}
    nodes = [
        {"id": "start", "type": "start"},
        {"id": "hello", "type": "message", "data": {"content": "Hello, {{contact.name}}! It is {{current_time}}."}},
        {"id": "menu", "type": "buttons", "data": order},
        {"id": "call", "type": "http_request", "data": call},
        {"id": "people", "type": "handoff", "data": {"departmentName": "Sales", "message": "One moment."}},
        {"id": "mark", "type": "contact", "data": {"addTags": ["buyer"]}},
        {"id": "event", "type": "analytics", "data": {"eventName": "bought"}},
        {"id": "bye", "type": "end", "data": {"content": "{{answer.price}} it is."}},
        {"id": "gone", "type": "end", "data": {"content": "Nobody there."}},
        {"id": "lost", "type": "end", "data": {"content": "It got lost."}},
        {"id": "aside", "type": "note"},
    ]  # fmt: skip
    ways = [
        ("start", "hello", ""), ("hello", "menu", ""), ("hello", "lost", "failed"), ("menu", "call", "cup"),
        ("menu", "people", "help"), ("menu", "gone", "no_reply"), ("call", "mark", "ok"), ("call", "lost", "failed"),
        ("mark", "event", ""), ("event", "bye", ""), ("people", "bye", "released"), ("people", "gone", "no_agent"),
    ]  # fmt: skip
    edges = [{"source": source, "target": target, "sourceHandle": handle} for source, target, handle in ways]
    return parse_document(
        {"schema": "pytake.flow/1", "name": "shop", "language": "en", "settings": settings, "nodes": nodes,
         "edges": edges}
    )  # fmt: skip


def suite_of(*steps: Json, **top: Any) -> Json:
    return {"flow": "shop.json", **top, "cases": [{"name": "a visit", "steps": list(steps)}]}


def told(*steps: Json, watch: Watch | None = None, **top: Any) -> str:
    """What does not hold in a case of these steps, as `step: sentence`; empty when all of it holds."""
    flows = Flows(watched_flow(shop(), "shop", watch or Watch()), {})
    failure = run_case(read_suite(suite_of(*steps, **top)).cases[0], flows)
    return f"{failure.step}: {failure.sentence}" if failure else ""


HELLO = "Hello, Ana! It is 09:00."


def test_a_case_that_holds_says_nothing() -> None:
    assert told(
        {"says": "hi", "bot": [HELLO, {"text": "Which?", "options": {"cup": "A cup", "help": "Help"}}], "node": "menu"},
        {"taps": "A cup", "bot": [], "waiting": False, "variables": {"what": "cup"}},
        {
            "http": {"node": "call", "request": {"url": "https://shop.example/cup"}, "body": {"price": 5}},
            "bot": [{"matches": "^5 it"}],
            "contact": {"add_tags": ["buyer"]},
            "logged": "bought",
            "ended": "end_node",
            "variables": {"answer.price": 5},
        },
    ) == ""  # fmt: skip


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"bot": "Hello!"}, f'expected the bot to say "Hello!", but it said "{HELLO}" (node hello)'),
        ({"bot": {"contains": "bye"}}, f'something with "bye", but it said "{HELLO}"'),
        ({"bot": {"matches": "^Bye"}}, "something like /^Bye/"),
        ({"bot": [HELLO]}, 'expected the bot to say nothing more, but it said "Which?" with [A cup], [Help]'),
        ({"bot": []}, f'expected the bot to say nothing, but it said "{HELLO}"; then "Which?"'),
        ({"bot": [HELLO, {"options": ["cup"]}]}, 'expected the options ["cup"] but they are {"cup": "A cup"'),
        ({"bot": [HELLO, "Which?", "More"]}, 'to say "More", but it said nothing more after 2 messages'),
        ({"bot": [HELLO, {"kind": "list"}]}, 'expected kind of the message to be "list", but it is "buttons"'),
        ({"bot": [HELLO, {"color": "red"}]}, "expected color of the message to be"),
        ({"node": "call"}, "expected to stand at node call, but it is menu"),
        ({"node": None}, "expected to stand at node (none), but it is menu"),
        ({"flow": "other"}, "expected to stand in flow other, but it is shop"),
        ({"ended": True}, "expected the flow to have ended, but it stands at node menu"),
        ({"ended": "end_node"}, "expected the flow to have ended"),
        ({"waiting": False}, "expected not to wait for an answer"),
        ({"variables": {"what": "cup"}}, 'expected the variable what to be "cup", but it is null'),
        ({"handed_over": {"department": "Sales"}}, "expected that the flow handed over, but it did not"),
        ({"contact": {"add_tags": []}}, "expected that the flow changed the contact, but it did not"),
        ({"logged": "bought"}, "expected the event bought in the log, but there is []"),
    ],
)
def test_what_does_not_hold_is_told_against_what_came(step: Json, sentence: str) -> None:
    assert sentence in told({"says": "hi"} | step)
    assert told({"says": "hi"} | step).startswith("1: ")


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"taps": "plate"}, "there is no 'plate' to tap; there is cup [A cup], help [Help]"),
        ({"http": {"node": "call"}}, "no http call of node call is on its way; there is none"),
        ({"fails": {"node": "bye"}}, "node bye has said nothing that could fail to arrive"),
        ({"at": "2026-03-01T09:00"}, "is over; it is"),
        ({"at": "at noon"}, "at 'at noon' is no moment"),
    ],
)
def test_what_cannot_happen_is_told(step: Json, sentence: str) -> None:
    assert sentence in told({"says": "hi"}, step)


def test_a_request_is_compared_with_its_secrets_by_name() -> None:
    steps = [{"says": "hi"}, {"taps": "cup"}]
    secret = {"headers": {"X-Key": "{{secret.KEY}}"}}
    assert told(*steps, {"http": {"node": "call", "request": secret, "status": 200}}) == ""
    wrong = told(*steps, {"http": {"node": "call", "request": {"headers": {"X-Key": "abc"}}}})
    assert wrong == '3: expected X-Key of headers of the request to be "abc", but it is "{{secret.KEY}}"'
    assert "there is http of call" in told(*steps, {"ai": {"node": "call"}})


@pytest.mark.parametrize("outcome", [{"status": 500}, {"error": "no route"}, {"timeout": True}])
def test_a_call_may_fail_in_several_ways(outcome: Json) -> None:
    assert told({"says": "hi"}, {"taps": "cup"}, {"http": {"node": "call", **outcome}, "bot": ["It got lost."]}) == ""


def test_the_clock_stands_still_until_it_is_moved() -> None:
    assert told({"says": "hi"}, {"after": "9m59s", "bot": []}, {"after": "1s", "bot": ["Nobody there."]}) == ""
    assert told({"says": "hi"}, {"at": "09:10", "bot": ["Nobody there."]}) == ""
    assert told({"says": "hi"}, {"at": "2026-03-02T09:10", "ended": True}) == ""
    assert told({"says": "hi", "bot": "Hello, Ana! It is 18:30."}, start="2026-03-02T18:30:00") == ""
    assert told({"says": "hi", "bot": "Hello, Ana! It is 10:00."}, start="2026-03-02T10:00", zone="Europe/Lisbon") == ""


def test_people_take_and_release() -> None:
    assert told({"says": "hi"}, {"person": "takes"}, {"says": "hey", "bot": []}, {"person": "releases"},
                {"taps": "help", "handed_over": {"department": "Sales"}, "bot": ["One moment."]},
                {"person": "nobody", "bot": ["Nobody there."]}) == ""  # fmt: skip


def test_a_message_that_fails_leads_by_its_edge() -> None:
    assert told({"says": "hi"}, {"fails": {"node": "hello", "code": 131026}, "bot": ["It got lost."]}) == ""


def test_messages_that_are_not_looked_at_are_passed_over() -> None:
    assert told({"says": "hi"}, {"says": "?", "bot": {"contains": "option"}}) == ""
    assert told({"says": "hi", "bot": HELLO}, {"bot": "Which?"}, {"bot": []}) == ""


def test_coverage_counts_nodes_entered_and_edges_taken() -> None:
    watch = Watch()
    told({"says": "hi"}, {"taps": "help"}, watch=watch)
    coverage = coverage_of(shop(), watch)
    assert (coverage.nodes, round(coverage.nodes_percent)) == (10, 40)
    assert coverage.missing_nodes == ("call", "mark", "event", "bye", "gone", "lost")
    assert (coverage.edges, round(coverage.edges_percent)) == (12, 25)
    assert "menu -no_reply-> gone" in coverage.missing_edges
    assert "event -> bye" in coverage.missing_edges


def test_timers_that_never_end_are_stopped() -> None:
    document = {
        "schema": "pytake.flow/1", "name": "t",
        "nodes": [{"id": "s", "type": "start"}, {"id": "d", "type": "delay", "data": {"seconds": 1}}],
        "edges": [{"source": "s", "target": "d"}, {"source": "d", "target": "d"}],
    }  # fmt: skip
    flows = Flows(watched_flow(parse_document(document), "t", Watch()), {})
    suite = read_suite(suite_of({"says": "hi"}, {"after": "1h"}))
    failure = run_case(suite.cases[0], flows)
    assert failure is not None
    assert "timers fire without an end" in failure.sentence


@pytest.mark.parametrize(
    ("suite", "sentence"),
    [
        ([], "the test is not an object"),
        ({"cases": []}, 'names no "flow"'),
        ({"flow": "x", "cases": []}, 'has no "cases"'),
        ({"flow": "x", "case": []}, "unknown field 'case'; known are flow, flows"),
        ({"flow": "x", "cases": [{"steps": []}]}, 'case 1: the case has no "name"'),
        ({"flow": "x", "start": "soon", "cases": [{"name": "n", "steps": []}]}, "start 'soon' or zone"),
        (suite_of({"shouts": "hi"}), "case \"a visit\", step 1: the step has the unknown field 'shouts'"),
        (suite_of({"says": "a", "taps": "b"}), "says and taps happen in one step"),
        (suite_of({}), "the step is empty"),
        (suite_of({"says": True}), "says is no text; write it in quotes"),
        (suite_of({"says": "a", "bot": True}), "bot is no text; write it in quotes"),
        (suite_of({"after": "soon"}), "after is 'soon', which is no time such as 2h30m"),
        (suite_of({"person": "waves"}), "person is 'waves'; write takes, releases, nobody"),
        (suite_of({"sends": {"poem": {}}}), "sends must hold one of image, video"),
        (suite_of({"http": {"status": 200}}), 'http names no "node"'),
        (suite_of({"http": {"node": "n", "status": 200, "timeout": True}}), "http has status and timeout"),
        (suite_of({"fails": {}}), 'fails names no "node"'),
        (suite_of({"bot": {"text": "a", "contains": "b"}}), "bot has text and contains; keep one"),
        (suite_of({"bot": {"matches": "("}}), "bot.matches: The regular expression"),
        (suite_of({"waiting": "yes"}), "waiting is neither true nor false"),
        (suite_of({"variables": {True: 1}}), "the key True is no text"),
        (suite_of({"variables": {"x": object()}}), "holds a value that JSON has not"),
    ],
)
def test_a_test_that_cannot_be_read_names_the_place_and_the_mend(suite: Any, sentence: str) -> None:
    with pytest.raises(BadTest) as refused:
        read_suite(suite)
    assert sentence in str(refused.value)
