"""What Studio's widgets, Liquid and transitions become where a choice had to be made."""

import pytest

from services.executor.domain.importers import UnreadableFlow, import_flow


def _flow(*states):
    trigger = {"name": "T", "type": "trigger", "transitions": [{"event": "incomingMessage", "next": states[0]["name"]}]}
    return {"initial_state": "T", "states": [trigger, *states]}


def _widget(kind, properties=None, transitions=(), name="w"):
    return {"name": name, "type": kind, "properties": properties or {}, "transitions": list(transitions)}


def _data(kind, **properties):
    return next(node for node in import_flow(_flow(_widget(kind, properties))).flow["nodes"] if node["id"] == "w")[
        "data"
    ]


def _text(body):
    return _data("send-message", body=body)["content"]


def _messages(source, level="problem"):
    return [item.message for item in import_flow(source).report.at(level)]


@pytest.mark.parametrize(
    ("liquid", "ours"),
    [
        ("{{flow.variables.name}}", "{{name}}"),
        ("{{ flow.variables['name'] }}", "{{name}}"),
        ("{{- flow.data.items[0].title -}}", "{{flow_data.items.0.title}}"),
        ("{{trigger.request.parameters.id}}", "{{flow_data.id}}"),
        ("{{trigger.message.From}}", "{{contact.phone}}"),
        ("{{flow.sid}}", "{{conversation.id}}"),
        ("{{widgets.w.inbound.Body | downcase | strip}}", "{{w | lower | trim}}"),
        ("{{widgets.w.parsed.a.b}}", "{{w.a.b}}"),
        ("{{flow.variables.x | default: 'you'}}", '{{x | default:"you"}}'),
        ("{{ 'plain' }}", "plain"),
        ("{{ 'now' | date: '%d/%m' }}", "{{current_date}}"),
        ("no braces { here }", "no braces { here }"),
    ],
)
def test_liquid_becomes_our_placeholders(liquid, ours):
    assert _text(liquid) == ours


def test_a_loop_over_a_list_is_our_loop():
    liquid = "{% for b in flow.data.books %}{{forloop.index}} {{b}} {{b.year}}{% endfor %}"
    assert _text(liquid) == "{{#each flow_data.books}}{{index}} {{this}} {{this.year}}{{/each}}"


@pytest.mark.parametrize(
    ("liquid", "said"),
    [
        ("{{widgets.nobody.inbound.Body}}", "has no counterpart here"),
        ("{{flow.variables.x | md5}}", "The filter 'md5' is not known here"),
        ("{% if flow.variables.x %}a{% endif %}", "The tag '{% if flow.variables.x %}' is not run"),
        ("{{ 1 | date: '%' }}", "The text is no template here"),
    ],
)
def test_what_liquid_has_and_we_have_not_is_reported_and_kept(liquid, said):
    assert any(said in message for message in _messages(_flow(_widget("send-message", {"body": liquid}))))
    assert "x" not in liquid or "x" in _text(liquid)


def test_a_variable_and_a_widget_of_one_name_stay_apart():
    setting = _widget("set-variables", {"variables": [{"key": "w", "value": "1"}]}, name="s")
    asking = _widget("send-and-wait-for-reply", {"body": "{{flow.variables.w}}{{widgets.w.inbound.Body}}"})
    nodes = {node["id"]: node["data"] for node in import_flow(_flow(setting, asking)).flow["nodes"]}
    assert nodes["s"]["assignments"][0]["name"] == "w"
    assert nodes["w"] == {"content": "{{w}}{{w_reply}}", "kind": "text", "variableName": "w_reply"}


@pytest.mark.parametrize(
    ("written", "assignment"),
    [
        ("{{flow.data.list}}", ("variable", "flow_data.list")),
        ("{{flow.variables.n | plus: 1}}", ("expression", "{{n}} + 1")),
        ("{{flow.variables.n | minus: flow.variables.m | divided_by: 2}}", ("expression", "({{n}} - {{m}}) / 2")),
        ("{{flow.variables.n | plus: 1 | upcase}}", ("static", "{{n | upper}}")),
        ("a {{flow.variables.n}}", ("static", "a {{n}}")),
        ("", ("static", "")),
    ],
)
def test_a_value_keeps_its_type_and_arithmetic_is_an_expression(written, assignment):
    [done] = _data("set-variables", variables=[{"key": "v", "value": written}])["assignments"]
    assert (done["valueType"], done["value"]) == assignment


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        ("equal_to", "A", ("==", "A")),
        ("not_equal_to", "{{flow.variables.b}}", ("!=", "{{b}}")),
        ("matches_any_of", "a, b,", ("in", ["a", "b"])),
        ("does_not_match_any_of", "a,{{flow.variables.b}}", ("not_in", "a,{{b}}")),
        ("is_not_blank", "x", ("is_not_empty", None)),
        ("regex", "a|b", ("matches", "(?is)^(?:a|b)$")),
        ("does_not_contain", "a", ("not_contains", "a")),
        ("less_than", "3", ("<", "3")),
    ],
)
def test_conditions_of_every_kind_become_rules(kind, value, rule):
    condition = {"friendly_name": "f", "arguments": ["{{flow.variables.v}}"], "type": kind, "value": value}
    split = _widget("split-based-on", {"input": "x"}, [{"event": "match", "conditions": [condition], "next": "w"}])
    node = next(node for node in import_flow(_flow(split)).flow["nodes"] if node["id"] == "w")
    [found] = node["data"]["routes"][0]["rules"]
    assert (found["variable"], found["operator"], found.get("value")) == ("v", *rule)


def test_a_comparison_nobody_knows_and_a_pattern_that_is_none_are_reported():
    conditions = [{"type": "does_not_start_with", "value": "a"}, {"type": "regex", "value": "(?<=a)b"}]
    split = _widget("split-based-on", {"input": "{{flow.variables.v}}"}, [{"event": "match", "conditions": conditions}])
    said = _messages(_flow(split))
    assert any("'does_not_start_with' is not known" in message for message in said)
    assert any("is not valid RE2" in message for message in said)


def test_a_text_put_together_is_compared_as_a_variable():
    split = _widget(
        "split-based-on",
        {"input": "{{flow.variables.a}}-{{flow.variables.b}}"},
        [{"event": "match", "next": "w", "conditions": [{"type": "equal_to", "value": "1-2"}]}, {"event": "noMatch"}],
    )
    flow = import_flow(_flow(split)).flow
    before, condition = (next(node for node in flow["nodes"] if node["id"] == name) for name in ("w", "w-2"))
    assert before["data"]["assignments"] == [{"name": "w_input", "valueType": "static", "value": "{{a}}-{{b}}"}]
    assert condition["data"]["routes"][0]["rules"][0]["variable"] == "w_input"
    assert ["w-2", "condition-0", "w"] in [[e["source"], e.get("sourceHandle"), e["target"]] for e in flow["edges"]]


def test_the_keys_and_the_speech_of_a_call_are_one_answer():
    asked = _widget("gather-input-on-call", {"say": "1 or 2?"}, name="g")
    split = _widget(
        "split-based-on",
        {"input": "{{widgets.g.Digits}} {{widgets.g.SpeechResult}}"},
        [{"event": "match", "conditions": [{"type": "equal_to", "value": "1"}]}],
    )
    node = next(node for node in import_flow(_flow(asked, split)).flow["nodes"] if node["id"] == "w")
    assert node["data"]["routes"][0]["rules"][0]["variable"] == "g"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"method": "GET", "parameters": [{"key": "q", "value": "{{flow.variables.v}}"}]}, {"query": {"q": "{{v}}"}}),
        (
            {"method": "POST", "parameters": [{"key": "a b", "value": "c&d"}, {"key": "q", "value": "{{flow.sid}}"}]},
            {"body": "a+b=c%26d&q={{conversation.id}}"},
        ),
        ({"method": "POST", "content_type": "application/json", "body": '{"n": {{flow.variables.n}}}'},
         {"body": '{"n": {{n}}}'}),
        ({"method": "PUT", "content_type": "text/plain", "body": '{"n": 1}'}, {"body": '{"n": 1}'}),
        ({"method": "PUT", "content_type": "application/json", "body": '[NaN]'}, {"body": "[NaN]"}),
    ],
)  # fmt: skip
def test_a_request_carries_its_parameters_and_body(properties, expected):
    data = _data("make-http-request", url="https://a.example.org", **properties)
    assert expected.items() <= data.items()


@pytest.mark.parametrize(
    ("url", "kind"),
    [("https://a/x.JPG", "image"), ("https://a/x.mp4?t=.png", "video"), ("https://a/x.ogg", "audio"),
     ("https://a/x", "document")],
)  # fmt: skip
def test_a_medium_is_told_by_its_name(url, kind):
    assert _data("send-message", media_url=url, body="b") == {"mediaType": kind, "mediaUrl": url, "caption": "b"}


def test_a_picture_or_a_template_that_asks_is_sent_and_a_silent_question_waits_after_it():
    asked = _widget(
        "send-and-wait-for-reply",
        {"body": "Which?", "media_url": "https://a/b.png", "timeout": "0"},
        [{"event": "incomingMessage", "next": "w"}],
    )
    flow = import_flow(_flow(asked)).flow
    assert [node["type"] for node in flow["nodes"]] == ["start", "message", "question"]
    assert flow["nodes"][2]["data"] == {"content": "", "kind": "text", "variableName": "w", "silent": True}
    assert [(edge["source"], edge["target"]) for edge in flow["edges"]] == [("w", "w-2"), ("T", "w"), ("w-2", "w")]


def test_a_template_that_asks_keeps_its_reply():
    flow = import_flow(_flow(_widget("send-and-wait-for-reply", {"content_sid": "HX1", "timeout": "60"}))).flow
    assert [node["type"] for node in flow["nodes"]] == ["start", "template", "question"]
    assert flow["nodes"][2]["data"]["timeoutSeconds"] == 60


def test_secrets_of_a_call_are_not_taken_over():
    data = _data("make-outgoing-call-v2", to="1", sip_auth_password="p")
    assert "p" not in data.values()


def test_a_template_with_named_values_keeps_the_names():
    values = [{"key": "name", "value": "{{contact.channel.address}}"}]
    data = _data("send-message", content_sid="HX1", content_variables=values)
    assert data["parameters"] == {"body": {"name": "{{contact.phone}}"}}


def test_a_flow_without_a_trigger_gets_a_start_at_its_initial_state():
    states = [_widget("send-message", {"body": "a"}, name="a"), _widget("send-message", {"body": "b"}, name="b")]
    flow = import_flow({"initial_state": "b", "states": states}).flow
    assert [(edge["source"], edge["target"]) for edge in flow["edges"]] == [("start", "b")]


@pytest.mark.parametrize("states", [[], ["x"]])
def test_a_definition_without_widgets_is_refused(states):
    with pytest.raises(UnreadableFlow, match="no widgets"):
        import_flow({"initial_state": "T", "states": states})
