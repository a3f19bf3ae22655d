"""Nodes of the old builders come out in exactly the form of the nodes that run, with a line for every change."""

import pytest

from services.executor.domain.importers import import_flow

START = {"id": "s", "type": "start", "data": {}}


def _flow(kind, data, *others, edges=()):
    nodes = [START, {"id": "n", "type": kind, "data": data}, *others]
    return {"nodes": nodes, "edges": [{"source": "s", "target": "n"}, *edges]}


def _node(kind, **data):
    node = next(node for node in import_flow(_flow(kind, data)).flow["nodes"] if node["id"] == "n")
    return node["type"], node["data"]


def _data(kind, **data):
    return _node(kind, **data)[1]


def _chain(source):
    """The types of the nodes from the start on, along the first edge of each."""
    flow = import_flow(source).flow
    types = {node["id"]: node["type"] for node in flow["nodes"]}
    onward = {edge["source"]: edge["target"] for edge in reversed(flow["edges"])}
    found, node_id = [], "s"
    while node_id is not None and len(found) < 10:
        found.append(types[node_id])
        node_id = onward.get(node_id)
    return found


def _notes(kind, level, **data):
    return [item.field for item in import_flow(_flow(kind, data)).report.at(level) if item.node_id == "n"]


def _started(kind, **data):
    """The triggers of a start, and the fields of it that were noted."""
    nodes = [{"id": "n", "type": kind, "data": data}, {"id": "e", "type": "end"}]
    imported = import_flow({"nodes": nodes, "edges": [{"source": "n", "target": "e"}]})
    start = next(node for node in imported.flow["nodes"] if node["id"] == "n")
    assert start["type"] == "start"
    return start["data"].get("triggers"), [item.field for item in imported.report.items if item.level == "problem"]


# What starts


@pytest.mark.parametrize(
    ("kind", "data", "triggers"),
    [
        ("start", {"keywords": "oi, olá"}, [{"kind": "keyword", "keywords": ["oi", "olá"], "match": "exact"}]),
        (
            "trigger_keyword",
            {"keyword": "oi", "matchType": "startsWith"},
            [{"kind": "keyword", "keywords": ["oi"], "match": "starts_with"}],
        ),
        (
            "trigger_keyword",
            {"config": {"keywords": ["^a"], "match": "regex"}},
            [{"kind": "keyword", "keywords": ["^a"], "match": "regex"}],
        ),
        ("trigger_universal", {"config": {"priority": 0}}, [{"kind": "any"}]),
        ("trigger_template_button", {"buttonText": "Sim"}, [{"kind": "template_button", "texts": ["Sim"]}]),
        ("trigger_template_button", {"payload": "YES"}, [{"kind": "template_button", "payloads": ["YES"]}]),
        ("trigger_referral", {"adId": "120"}, [{"kind": "referral", "sourceIds": ["120"]}]),
        ("start", {"triggers": [{"kind": "moon"}]}, [{"kind": "moon"}]),
        ("trigger", {}, None),
        ("start", {}, None),
    ],
)
def test_what_starts_a_flow_becomes_its_triggers(kind, data, triggers):
    found, problems = _started(kind, **data)
    assert found == triggers
    assert "triggers" not in problems


def test_what_cannot_start_a_flow_here_is_told():
    assert _started("trigger_webhook", url="https://x.example") == (None, ["triggers"])
    triggers, problems = _started("trigger_keyword", keywords=["oi"], match="soundex")
    assert (triggers[0]["match"], problems) == ("exact", ["match"])


# What is said


def test_a_place_is_a_location_also_when_it_is_a_message_of_that_type():
    place = {"latitude": -23.5, "longitude": "{{lon}}", "name": "Loja", "address": "Rua 1"}
    assert _node("msg_location", **place) == ("location", place)
    assert _node("message", messageType="location", **place) == ("location", place)
    assert _notes("location", "problem", latitude=1) == ["longitude"]


def test_people_are_contacts():
    person = {"name": "Ana", "phones": ["+5511900000000"]}
    assert _node("msg_contacts", contacts=[person, "x"]) == ("contacts", {"contacts": [person]})


@pytest.mark.parametrize(
    ("written", "parameters"),
    [
        ({"headerParams": ["Loja"], "bodyParams": ["{{nome}}", {"type": "text", "text": "2"}]},
         {"header": ["Loja"], "body": ["{{nome}}", "2"]}),
        ({"components": [{"type": "body", "parameters": [{"type": "text", "text": "{{nome}}"}]},
                         {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://a/b.png"}}]},
                         {"type": "button", "sub_type": "url", "index": "1",
                          "parameters": [{"type": "text", "text": "9"}]}]},
         {"body": ["{{nome}}"], "header": [{"type": "image", "image": {"link": "https://a/b.png"}}],
          "buttons": [{"index": 1, "type": "url", "value": "9"}]}),
        ({"components": [{"type": "body", "parameters": [{"type": "text", "parameter_name": "n", "text": "x"}]}]},
         {"body": {"n": "x"}}),
        ({"parameters": {"body": ["a"]}}, {"body": ["a"]}),
    ],
)  # fmt: skip
def test_the_values_of_a_template_are_parameters_in_every_spelling(written, parameters):
    assert _data("whatsapp_template", templateName="t", language="en", **written) == {
        "templateName": "t",
        "languageCode": "en",
        "parameters": parameters,
    }


def test_components_of_an_unusual_form_are_sent_as_they_are():
    components = [{"type": "body", "parameters": [{"type": "currency", "currency": {"code": "BRL"}}]}]
    assert _data("template", templateName="t", components=components)["components"] == components


@pytest.mark.parametrize(
    ("written", "native"),
    [
        ({"messageType": "image", "mediaUrl": "https://a/b", "messageText": "Veja"},
         {"mediaType": "image", "mediaUrl": "https://a/b", "caption": "Veja"}),
        ({"media_type": "document", "media_url": "https://a/b", "filename": "c.pdf"},
         {"mediaType": "document", "mediaUrl": "https://a/b", "filename": "c.pdf"}),
        ({"mediaType": "sticker", "mediaId": "7"}, {"mediaType": "sticker", "mediaId": "7"}),
        ({"content": "Oi", "delay": 90_000}, {"content": "Oi", "delay_ms": 10_000}),
    ],
)  # fmt: skip
def test_a_message_with_a_medium_or_a_pause(written, native):
    assert _data("message", **written) == native


def test_a_message_that_captures_its_response_is_a_question_with_a_time_limit():
    source = _flow(
        "msg_text", {"config": {"message": "Vem?", "capture_response": True, "response_timeout": 90}},
        {"id": "e", "type": "end"}, edges=[{"source": "n", "target": "e", "sourceHandle": "timeout"}],
    )  # fmt: skip
    flow = import_flow(source).flow
    assert flow["nodes"][1]["data"] == {
        "content": "Vem?", "variableName": "user_message", "kind": "text", "timeoutSeconds": 90,
    }  # fmt: skip
    assert flow["edges"][1]["sourceHandle"] == "no_reply"


# What calls out


@pytest.mark.parametrize(
    ("written", "header"),
    [
        ({"authType": "bearer", "secretId": "crm"}, {"Authorization": "Bearer {{secret.crm}}"}),
        ({"authType": "basic", "secretId": "crm"}, {"Authorization": "Basic {{secret.crm}}"}),
        ({"authType": "api_key", "secretId": "my key!"}, {"X-API-Key": "{{secret.my_key}}"}),
        ({"authType": "api_key", "secretId": "k", "headerName": "X-Crm"}, {"X-Crm": "{{secret.k}}"}),
        ({"authType": "none"}, {}),
        ({"headers": [{"key": "A", "value": "b"}, {"name": "C", "value": "d"}]}, {"A": "b", "C": "d"}),
        ({"headers": {"Authorization": "Bearer {{token}}"}}, {"Authorization": "Bearer {{token}}"}),
    ],
)
def test_a_secret_is_a_header_that_names_it(written, header):
    data = _data("api_call", url="https://a.example.org", **written)
    assert data["headers"] == header
    assert not data.keys() & {"authType", "secretId"}


def test_a_key_in_clear_text_does_not_become_a_header():
    data = {
        "url": "https://a.example.org",
        "headers": {"authorization": "Bearer sk-1", "X-Api-Key": "1", "Accept": "*"},
    }
    assert _data("api_call", **data)["headers"] == {"Accept": "*"}
    assert _notes("api_call", "dropped", **data) == ["headers", "headers"]


@pytest.mark.parametrize(
    ("written", "native"),
    [
        ({"errorHandling": {"onError": "continue", "fallbackValue": {"a": 1}}},
         {"onError": "continue", "fallbackValue": {"a": 1}}),
        ({"errorHandling": {"onError": "retry", "retryDelay": 2000}},
         {"onError": "stop", "maxRetries": 3, "retryDelay": 2}),
        ({"errorHandling": {"maxRetries": 9}}, {"maxRetries": 5}),
        ({"onError": "continue"}, {"onError": "continue"}),
        ({"continueOnError": False, "retryOnFailure": False}, {"onError": "stop", "maxRetries": 0}),
        ({"timeout": 30000}, {"timeoutSeconds": 30}),
        ({"timeout": 600}, {"timeoutSeconds": 60}),
    ],
)  # fmt: skip
def test_what_happens_on_failure_is_native(written, native):
    data = _data("api_call", url="https://a.example.org", **written)
    assert {key: data[key] for key in data.keys() - {"url", "method", "headers", "query"}} == native


@pytest.mark.parametrize(("handle", "native"), [("success", "ok"), ("error", "failed"), ("timeout", "timeout")])
def test_the_ways_out_of_a_call_have_their_native_names(handle, native):
    edges = [{"source": "n", "target": "e", "sourceHandle": handle}]
    source = _flow("api_call", {"url": "https://a.example.org"}, {"id": "e", "type": "end"}, edges=edges)
    assert import_flow(source).flow["edges"][1]["sourceHandle"] == native


def test_a_prompt_is_a_model_reply():
    kind, data = _node(
        "ai_prompt", provider="openai", model="m", prompt="P", systemMessage="S", temperature=0.5, maxTokens=9,
        responseVariable="r", secretId="key", timeout=60,
    )  # fmt: skip
    assert (kind, data) == (
        "ai_reply",
        {"baseUrl": "https://api.openai.com/v1", "model": "m", "secretId": "key", "systemPrompt": "S", "prompt": "P",
         "temperature": 0.5, "maxTokens": 9, "timeoutSeconds": 60, "outputVariable": "r"},
    )  # fmt: skip


def test_a_classifier_says_its_input_and_keeps_its_prompt_as_the_instruction():
    data = _data(
        "ai_classifier", model="m", prompt="Classe?", input="texto", output="classe", context="Loja", apiKey="sk"
    )
    assert (data["systemPrompt"], data["prompt"], data["outputVariable"]) == ("Classe?\n\nLoja", "{{texto}}", "classe")
    assert "sk" not in data.values()


# Time, chance and people


@pytest.mark.parametrize(
    ("written", "native"),
    [
        ({"until": "18:00", "cancelable": True}, {"until": "18:00", "cancelable": True}),
        ({"delaySeconds": 4, "delayMessage": "Um instante"}, {"seconds": 4, "message": "Um instante"}),
        ({"duration": 2, "unit": "days", "showTyping": True}, {"seconds": 172_800}),
    ],
)
def test_a_delay_is_native(written, native):
    assert _data("delay", **written) == native


@pytest.mark.parametrize(
    ("written", "native"),
    [
        ({"operation": "add", "addAmount": "2", "addUnit": "days", "outputVariable": "d"},
         {"operation": "add", "addAmount": 2, "addUnit": "days", "outputVariable": "d"}),
        ({"operation": "compare", "sourceVariable": "{{a}}", "compareVariable": "b", "compareOperator": ">="},
         {"operation": "compare", "sourceVariable": "a", "compareWith": "{{b}}", "compareOperator": "gte"}),
        ({"outputFormat": "DD/MM", "timezone": "UTC"},
         {"operation": "get_current", "format": "%d/%m", "timezone": "UTC"}),
    ],
)  # fmt: skip
def test_a_moment_is_native(written, native):
    assert _data("datetime", **written) == native


def test_a_comparison_of_moments_has_two_ways_out():
    edges = [{"source": "n", "target": "a", "label": "Sim"}, {"source": "n", "target": "b", "label": "não"}]
    ends = [{"id": "a", "type": "end"}, {"id": "b", "type": "end"}]
    source = _flow("datetime", {"operation": "compare", "sourceVariable": "a", "compareWith": "b"}, *ends, edges=edges)
    assert [edge.get("sourceHandle") for edge in import_flow(source).flow["edges"][1:]] == ["true", "false"]


def test_an_event_is_native():
    data = {"eventType": "funil", "eventValueVariable": "total", "eventData": {"a": "{{b}}"}, "tags": ["x"]}
    assert _data("analytics", **data) == {
        "eventName": "funil", "eventValue": "{{total}}", "eventProperties": {"a": "{{b}}"}, "tags": ["x"],
    }  # fmt: skip
    assert _notes("analytics", "kept", eventName="a", incrementCounter=True, saveToVariable="v")[:2] == [
        "incrementCounter",
        "saveToVariable",
    ]


@pytest.mark.parametrize(
    ("written", "native"), [("medium", "normal"), (80, 80), ("{{p}}", "{{p}}"), ("Urgent", "urgent")]
)
def test_a_priority_is_a_native_word_a_number_or_a_template(written, native):
    assert _data("handoff", departmentId="d", priority=written) == {"departmentId": "d", "priority": native}


@pytest.mark.parametrize(
    ("handle", "native"), [("timeout", "timeout"), ("failed", "no_agent"), ("success", "released"), ("next", None)]
)
def test_the_ways_out_of_a_handoff_have_their_native_names(handle, native):
    edges = [{"source": "n", "target": "e", "sourceHandle": handle}]
    source = _flow("handoff", {"queueId": "q"}, {"id": "e", "type": "end"}, edges=edges)
    assert import_flow(source).flow["edges"][1].get("sourceHandle") == native


def test_a_jump_that_comes_back_is_a_subflow():
    data = {"target_flow_id": "f", "return_to_parent": True, "variable_mapping": {"a": "{{b}}", "c": "d"}}
    assert _node("jump_to_flow", **data) == (
        "subflow",
        {"targetFlow": "f", "variable_mapping": {"a": "{{b}}", "c": "{{d}}"}},
    )
    everything = {"target_flow_id": "f", "return_to_parent": True, "pass_variables": True}
    assert _data("jump_to_flow", **everything) == {"targetFlow": "f", "pass_variables": True}


# Several things in one node


def test_several_actions_are_nodes_that_follow_each_other():
    actions = [
        {"type": "save_contact", "config": {"fields": {"name": "nome"}}},
        {"type": "update_variable", "config": {"variableName": "n", "operation": "increment"}},
        {"type": "webhook", "config": {"url": "https://a.example.org", "saveResponseTo": "r", "mood": 1}},
    ]
    edges = [{"source": "n", "target": "e", "sourceHandle": "success"}]
    source = _flow("action", {"actions": actions}, {"id": "e", "type": "end"}, edges=edges)
    imported = import_flow(source)
    assert _chain(source) == ["start", "contact", "set_variable", "http_request", "end"]
    assert [(edge["source"], edge.get("sourceHandle")) for edge in imported.flow["edges"] if edge["target"] == "e"] == [
        ("n-3", "ok")
    ]
    assert imported.flow["nodes"][1]["data"] == {"attributes": {"name": "{{nome}}"}}
    assert ("kept", "mood") in [(item.level, item.field) for item in imported.report.items]


def test_an_end_that_hands_over_is_a_handoff_and_one_that_adds_a_tag_does_so_before():
    assert _node("end", message="Tchau", trigger_handoff=True) == ("handoff", {"message": "Tchau"})
    source = _flow(
        "end", {"endType": "farewell", "farewellMessage": "Tchau", "addTag": "vip", "closeConversation": True}
    )
    assert _chain(source) == ["start", "contact", "end"]
    assert import_flow(source).flow["nodes"][-1]["data"] == {"content": "Tchau", "closeConversation": True}


def test_the_greeting_of_a_start_is_said_after_it():
    source = {
        "nodes": [{"id": "s", "type": "start", "data": {"greeting": "Oi!"}}, {"id": "n", "type": "end"}],
        "edges": [{"source": "s", "target": "n"}],
    }
    assert _chain(source) == ["start", "message", "end"]


def test_settings_of_time_are_ours_and_limits_of_the_old_runtime_are_reported():
    imported = import_flow(
        _flow("end", {}) | {"settings": {"timeout_minutes": 2, "max_duration": 9, "timezone": "UTC"}}
    )
    assert imported.flow["settings"] == {"session_ttl_seconds": 120, "max_duration": 9, "timezone": "UTC"}
    assert [item.field for item in imported.report.items if not item.node_id] == [
        "settings.timeout_minutes",
        "settings.max_duration",
    ]


def test_options_that_begin_with_an_emoji_are_reported():
    data = {"question": "Qual? 🌹 Rosa ou Lírio", "variable": "v", "options": ["🌹 Rosa", "Lírio"]}
    assert _notes("question", "kept", **data)[0] == "options"
