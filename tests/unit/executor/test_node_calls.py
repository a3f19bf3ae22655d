"""http_request and ai_reply: what is asked, what is kept of the answer, where failures lead."""

from typing import Any

import pytest

from services.executor.domain.commands import StartEffect
from services.executor.domain.compile import CompiledFlow
from services.executor.domain.events import EffectDone
from services.executor.domain.secret_marks import marked_names, put_in
from tests.unit.executor.walks import Talk, ask, end, flow, say

URL = "https://api.example/orders"


def calling(node: tuple[str, dict[str, Any]], *handles: str, shows: str = "done", **variables: Any) -> CompiledFlow:
    """A question, the call, and an end for each way out that says its name."""
    return flow(
        {"ask": ask(), "call": node, "next": end(shows), **{f"by {way}": end(way) for way in handles}},
        ("ask", "call"),
        ("call", "next", "ok"),
        *(("call", f"by {way}", way) for way in handles),
        variables=variables,
    )


def request_of(node: tuple[str, dict[str, Any]], said: str, **variables: Any) -> dict[str, Any]:
    """What is asked outside after the contact said something."""
    talk = Talk(calling(node, **variables))
    talk.says("hi")
    talk.says(said)
    return dict(the_call(talk).request)


def the_call(talk: Talk) -> StartEffect:
    (call,) = talk.world.calls.values()
    return call


def http(**data: Any) -> tuple[str, dict[str, Any]]:
    return "http_request", {"url": URL, **data}


def test_a_request_is_filled_in() -> None:
    request = request_of(
        http(
            method="post",
            headers={"X-Who": "{{answer}}"},
            query={"page": "{{page}}", "all": True},
            body={"who": "{{answer}}", "items": "{{items}}", "text": "{{items}}!", "n": 1},
            timeoutSeconds=5,
            maxRetries=4,
        ),
        "Ana",
        page=2,
        items=[{"id": 1}],
    )
    assert request == {
        "method": "POST",
        "url": URL,
        "headers": {"X-Who": "Ana"},
        "query": {"page": "2", "all": True},
        # A list in the place of a text stays one.
        "body": {"who": "Ana", "items": [{"id": 1}], "text": '[{"id":1}]!', "n": 1},
        "timeout_seconds": 5.0,
        "max_retries": 4,
        "retry_delay_seconds": 1,
    }


@pytest.mark.parametrize(
    ("url", "said", "expected"),
    [
        ("https://a.example/p/{{answer}}/x", "../../admin?a=1#b", "https://a.example/p/..%2F..%2Fadmin%3Fa%3D1%23b/x"),
        ("https://a.example{{answer}}", "@evil.example/", "https://a.example%40evil.example%2F"),
        ("https://a.example/?q={{answer}}", "São João & filhos", "https://a.example/?q=S%C3%A3o%20Jo%C3%A3o%20%26%20filhos"),
        ("https://{{host}}/{{answer}}", "x", "https://a.example:8443/x"),
        ("{{base}}/{{answer}}", "x/y", "https://a.example/v1/x%2Fy"),
        ("https://a.example/{{#each list}}{{this}},{{/each}}", "x", "https://a.example/a%2Fb,c,"),
    ],
)  # fmt: skip
def test_what_a_contact_types_leads_to_no_other_address(url: str, said: str, expected: str) -> None:
    variables = {"host": "a.example:8443", "base": "https://a.example/v1", "list": ["a/b", "c"]}
    assert request_of(http(url=url), said, **variables)["url"] == expected


def test_what_a_contact_types_breaks_no_json_and_adds_no_header() -> None:
    said = 'Ana", "role": "admin\r\nX-Admin: 1'
    body = '{"name": "{{answer}}", "n": {{n}}, "list": {{list}}}'
    request = request_of(http(method="POST", body=body, headers={"X-A": "{{answer}}"}), said, n=3, list=["é"])
    assert request["body"] == '{"name": "Ana\\", \\"role\\": \\"admin\\r\\nX-Admin: 1", "n": 3, "list": ["é"]}'
    assert request["headers"] == {"X-A": 'Ana", "role": "admin X-Admin: 1'}


def test_a_secret_stands_in_a_request_by_name_until_the_call() -> None:
    node = http(
        url=URL + "?key={{secret.query-key}}",
        method="POST",
        headers={"Authorization": "Bearer {{ secret.api }}"},
        query={"t": "{{secret.t}}"},
        body={"deep": [{"k": "<{{secret.body}}>"}]},
    )
    request = request_of(node, "Ana")
    names = {"query-key", "api", "t", "body"}
    assert marked_names(request) == names
    filled: Any = put_in(request, {name: f"({name})" for name in names})
    assert filled["headers"] == {"Authorization": "Bearer (api)"}
    assert (filled["url"], filled["query"]) == (URL + "?key=(query-key)", {"t": "(t)"})
    assert filled["body"] == {"deep": [{"k": "<(body)>"}]}


@pytest.mark.parametrize("said", ["{{secret.api}}", "\x00secret:api\x00", "{{ secret.api }}", "{{secret.api"])
def test_a_contact_who_types_a_secrets_name_gets_nothing_of_it(said: str) -> None:
    body = {"whole": "{{answer}}", "part": "{{answer}}}}", "twice": "{{answer}}{{answer}}"}
    request = request_of(http(method="POST", url=URL + "/{{answer}}", body=body, headers={"A": "{{answer}}"}), said)
    assert marked_names(request) == set()


def test_older_builders_name_a_secret_beside_the_headers() -> None:
    request = request_of(http(secretId="shop_key"), "x")
    assert put_in(request["headers"], {"shop_key": "k"}) == {"Authorization": "Bearer k"}
    request = request_of(http(secretId="shop_key", authType="api-key", headers={"A": "b"}), "x")
    assert put_in(request["headers"], {"shop_key": "k"}) == {"X-API-Key": "k", "A": "b"}


def test_an_answer_is_kept_whole_and_in_parts() -> None:
    mapping = {"first": "$.items[0].name", "second": "items.1.name", "all": "", "none": "items.9.name"}
    talk = Talk(calling(http(outputVariable="out", statusVariable="status", mapping=mapping), none="old"))
    talk.says("hi")
    talk.says("x")
    body = {"items": [{"name": "a"}, {"name": {"b": 1}}]}
    assert talk.answered(the_call(talk), body, status=201) == ["done"]
    assert talk.world.variables == {
        "answer": "x", "out": body, "status": 201, "first": "a", "second": {"b": 1}, "all": body, "none": "",
    }  # fmt: skip


def failing(*handles: str, outcome: str = "failed", status: int = 404, body: Any = "no", **data: Any) -> list[str]:
    talk = Talk(
        calling(http(outputVariable="out", statusVariable="status", **data), *handles, shows="on {{out}} {{status}}")
    )
    talk.says("hi")
    talk.says("x")
    return talk.told(EffectDone(the_call(talk).effect_id, outcome, status, body))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "happened"),
    [
        (["failed:404"], failing("failed:404", "failed")),
        (["failed"], failing("failed:500", "failed")),
        (["timeout"], failing("failed", "timeout", outcome="timeout", status=0)),
        (["failed"], failing("failed", outcome="timeout", status=0)),
        ([], failing()),
        ([], failing(onError="stop", fallbackValue="x")),
        (["on no 404"], failing(onError="continue")),
        (["on spare 404"], failing(onError="continue", fallbackValue="spare")),
        (["on spare 0"], failing(fallbackValue="spare", outcome="timeout", status=0)),
        (["failed"], failing("failed", fallbackValue="spare")),
    ],
)
def test_a_failure_leads_where_the_author_wants(said: list[str], happened: list[str]) -> None:
    assert happened == said


def test_nothing_comes_back_in_time() -> None:
    talk = Talk(calling(http(timeoutSeconds=2, maxRetries=0, statusVariable="status"), "timeout"))
    talk.says("hi")
    talk.says("x")
    assert talk.after(seconds=30) == []
    assert talk.after(seconds=30) == ["timeout"]
    assert talk.world.variables["status"] == 0


def test_what_comes_during_a_call_answers_the_next_question() -> None:
    talk = Talk(
        flow(
            {"call": http(), "ask": ask("Your size?", "size"), "bye": say("{{size}}.")},
            ("call", "ask", "ok"),
            ("ask", "bye"),
        )
    )
    talk.says("hi")
    assert talk.says("large") == []
    assert talk.answered(the_call(talk)) == ["Your size?", "large."]


def ai(**data: Any) -> tuple[str, dict[str, Any]]:
    return "ai_reply", {"baseUrl": "https://ai.example/v1", "model": "small", **data}


def test_a_model_is_asked_with_what_was_said_before() -> None:
    nodes = {
        "ask": ask(),
        "call": ai(secretId="ai_key", systemPrompt="You sell.", history=1, temperature="0,5", maxTokens=50),
    }
    talk = Talk(flow(nodes, ("ask", "call"), ("call", "ask", "ok")))
    talk.says("hi")
    messages = []
    for said, answer in (("one", "1"), ("two", "2"), ("three", "3")):
        talk.says(said)
        messages.append(the_call(talk).request["messages"])
        assert talk.answered(the_call(talk), {"content": answer}) == [answer, "?"]
    system = {"role": "system", "content": "You sell."}
    assert messages[0] == [system, {"role": "user", "content": "one"}]
    # One turn is remembered: a question and its answer.
    assert messages[2] == [
        system,
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "three"},
    ]


def test_a_models_request_names_its_secret() -> None:
    request = request_of(ai(secretId="ai_key", jsonOutput=True, prompt="Say {{answer}}"), "x")
    assert (request["secret"], request["json_output"]) == ("ai_key", True)
    assert request["messages"] == [{"role": "user", "content": "Say x"}]
    assert "temperature" not in request


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"content": '{"a": 1}', "json": {"a": 1}, "usage": {}}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("no json", None),
        (None, None),
    ],
)
def test_json_of_a_model_is_kept_as_json_or_it_has_failed(body: Any, kept: Any) -> None:
    node = ai(outputVariable="out", jsonOutput=True, mapping={"a": "a"})
    talk = Talk(calling(node, "failed", shows="{{a}}"))
    talk.says("hi")
    talk.says("x")
    assert talk.answered(the_call(talk), body) == (["1"] if kept else ["failed"])
    assert talk.world.variables.get("out") == kept


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, ["Hello.", "done"]),
        ({"outputVariable": "out"}, ["done"]),
        ({"outputVariable": "out", "send": True}, ["Hello.", "done"]),
        ({"send": False}, ["done"]),
    ],
)
def test_an_answer_is_said_unless_it_is_stored(data: dict[str, Any], said: list[str]) -> None:
    talk = Talk(calling(ai(**data)))
    talk.says("hi")
    talk.says("x")
    assert talk.answered(the_call(talk), {"content": "Hello."}) == said
