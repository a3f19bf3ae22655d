"""What the actions and expressions of a RapidPro or Glific definition become."""

import json
from pathlib import Path

import pytest

from services.executor.domain.importers import import_flow
from tests.unit.executor.foreign_flows import data_of, definition, edges_of, message, nodes_of, step, told

FOLDER = Path(__file__).parents[2] / "data/flows/import"
CLINIC = json.loads((FOLDER / "rapidpro/clinic.json").read_text("utf-8"))
LIBRARY = json.loads((FOLDER / "glific/library.json").read_text("utf-8"))


def _acting(**action):
    """A definition of one node with one action, whose node is n."""
    return definition(step("n", {"uuid": "a", **action}))


def _said(text, *more):
    return data_of(definition(step("n", message("a", text)), *more), "n")["content"]


@pytest.mark.parametrize(
    ("written", "native"),
    [
        ("Oi @contact.name", "Oi {{contact.name}}"),
        ("@contact.first_name.", "{{contact.name}}."),
        ("@results.cor_favorita", "{{cor_favorita}}"),
        ("@results.cor.value", "{{cor}}"),
        ("@fields.idade", "{{contact.attributes.idade}}"),
        ("@contact.fields.idade.value", "{{contact.attributes.idade}}"),
        ("@urns.tel", "{{contact.phone}}"),
        ("@input.text", "{{user_message}}"),
        ("@(upper(results.cor))", "{{cor | upper}}"),
        ('@("Dr. " & proper(contact.name))', "Dr. {{contact.name | title}}"),
        ('@(default(fields.cidade, "?"))', '{{contact.attributes.cidade | default:"?"}}'),
        ("@@casa @ casa a@b.com bob@nyaruka.com", "@casa @ casa a@b.com bob@nyaruka.com"),
        ("@(today())", "{{current_date}}"),
    ],
)
def test_an_expression_is_a_placeholder(written, native):
    assert _said(written) == native


@pytest.mark.parametrize(
    "written",
    ["@(if(1 = 1, 2, 3))", "@run.status", "@(results.a + 1)", "<%= 1 + 1 %>", "@results", "@trigger.params.x"],
)
def test_an_expression_without_a_counterpart_stays_and_is_a_problem(written):
    assert _said(written) == written
    assert told(definition(step("n", message("a", written))), "problem") == ["n text"]


def test_double_braces_of_a_source_are_said_to_be_placeholders():
    assert told(definition(step("n", message("a", "{{x}}"))), "changed")[1:] == ["n text"]


def test_a_constant_of_the_house_is_a_variable_to_fill():
    flow = import_flow(definition(step("n", message("a", "@globals.loja")))).flow
    assert (flow["nodes"][1]["data"]["content"], flow["variables"]) == ("{{global_loja}}", {"global_loja": ""})


def test_what_a_webhook_answered_is_read_from_its_result():
    hook = {"uuid": "h", "type": "call_webhook", "url": "https://x.example", "method": "GET", "result_name": "Agenda"}
    source = definition(step("n", hook, message("a", "@webhook.json.dia @results.agenda.extra.hora @webhook.status")))
    assert data_of(source, "a")["content"] == "{{agenda.dia}} {{agenda.hora}} {{webhook_status}}"
    assert data_of(source, "n")["outputVariable"] == "agenda"


def test_a_webhooks_router_is_its_ways_out():
    edges = edges_of(CLINIC)
    assert {("n6", "ok", "n7"), ("n6", "failed", "n8"), ("n6", "timeout", "n8")} <= edges
    assert data_of(CLINIC, "n6")["body"]["nome"] == "{{contact.name}}"
    assert data_of(CLINIC, "n6")["body"]["tudo"]["confirma"] == "{{confirma}}"


def test_another_flow_is_a_sub_flow_with_what_comes_back_from_it():
    enter = {"uuid": "a", "type": "enter_flow", "flow": {"uuid": "g", "name": "Outro"}}
    source = definition(step("n", enter, message("b", "@child.results.nota")))
    assert nodes_of(source)["n"]["type"] == "subflow"
    assert data_of(source, "n") == {"targetFlow": "Outro", "returns": {"child_nota": "nota"}}
    assert data_of(source, "b")["content"] == "{{child_nota}}"
    assert nodes_of(_acting(**enter, terminal=True))["n"]["type"] == "jump"


@pytest.mark.parametrize(
    ("action", "kind", "data"),
    [
        ({"type": "set_run_result", "name": "A B", "value": "@fields.x", "category": "C"}, "set_variable",
         {"assignments": [{"name": "a_b", "valueType": "variable", "value": "contact.attributes.x"}]}),
        ({"type": "set_run_result", "name": "n", "value": "@(results.n + 1)"}, "set_variable",
         {"assignments": [{"name": "n", "valueType": "expression", "value": "{{n}} + 1"}]}),
        ({"type": "set_run_local", "local": "_c", "operation": "increment", "value": "2"}, "set_variable",
         {"assignments": [{"name": "c", "valueType": "expression", "value": "{{c}} + 2"}]}),
        ({"type": "set_contact_field", "field": {"key": "idade"}, "value": "3"}, "contact",
         {"attributes": {"idade": "3"}}),
        ({"type": "set_contact_name", "name": "@results.nome"}, "contact", {"attributes": {"name": "{{nome}}"}}),
        ({"type": "set_contact_language", "language": "por"}, "contact", {"language": "pt_BR"}),
        ({"type": "set_contact_timezone", "timezone": "UTC"}, "contact", {"attributes": {"timezone": "UTC"}}),
        ({"type": "set_contact_status", "status": "stopped"}, "contact", {"optIn": False}),
        ({"type": "add_contact_urn", "scheme": "mailto", "path": "a@b.c"}, "contact",
         {"attributes": {"mailto": "a@b.c"}}),
        ({"type": "remove_contact_groups", "groups": [{"name": "G"}]}, "contact", {"removeTags": ["G"]}),
        ({"type": "add_input_labels", "labels": [{"name": "L"}]}, "analytics", {"eventName": "label", "tags": ["L"]}),
        ({"type": "play_audio", "audio_url": "https://x.example/a.mp3"}, "message",
         {"mediaType": "audio", "mediaUrl": "https://x.example/a.mp3"}),
        ({"type": "wait_for_time", "delay": "60"}, "delay", {"seconds": 60}),
        ({"type": "call_llm", "llm": {}, "instructions": "Resuma", "input": "@input.text", "output_local": "_r"},
         "ai_reply", {"systemPrompt": "Resuma", "prompt": "{{user_message}}", "outputVariable": "r"}),
        ({"type": "open_ticket", "topic": {"name": "Vendas"}, "body": "Ajuda"}, "handoff",
         {"departmentName": "Vendas", "contextMessage": "Ajuda", "priority": "normal"}),
    ],
)  # fmt: skip
def test_an_action_is_the_node_that_does_it(action, kind, data):
    node = nodes_of(_acting(**action))["n"]
    assert (node["type"], node["data"]) == (kind, data)


@pytest.mark.parametrize(
    "kind",
    [
        "call_classifier", "send_email", "send_broadcast", "start_session", "transfer_airtime", "request_optin",
        "set_contact_profile", "link_google_sheet", "nunca_visto",
    ],
)  # fmt: skip
def test_an_action_without_a_counterpart_is_kept_as_data_and_is_a_problem(kind):
    source = _acting(type=kind, chave="valor")
    assert nodes_of(source)["n"]["type"] == "action"
    assert "valor" in json.dumps(nodes_of(source)["n"]["source"])
    assert "n type" in told(source, "problem")


def test_a_channel_means_nothing_here_and_stays_as_a_note():
    source = _acting(type="set_contact_channel", channel={"name": "C"})
    assert (nodes_of(source)["n"]["type"], told(source, "dropped")) == ("note", ["n type"])


def test_attachments_come_before_the_text_and_replies_are_buttons():
    action = message(
        "a", "Qual?", attachments=["image/jpeg:https://x.example/a.jpg"], quick_replies=["Sim", {"text": "Não"}]
    )
    nodes = nodes_of(definition(step("n", action)))
    assert nodes["n"]["data"] == {"mediaType": "image", "mediaUrl": "https://x.example/a.jpg"}
    assert [button["title"] for button in nodes["n-2"]["data"]["buttons"]] == ["Sim", "Não"]


def test_replies_that_fit_no_buttons_are_lines():
    source = definition(step("n", message("a", "Qual?", quick_replies=list("abcd"))))
    assert data_of(source, "n")["content"] == "Qual?\n- a\n- b\n- c\n- d"


@pytest.mark.parametrize(
    "templating",
    [
        {"template": {"name": "t1"}, "variables": ["@contact.name"]},
        {"template": {"name": "t1"}, "components": [{"type": "body/text", "params": ["@contact.name"]}]},
    ],
)
def test_a_template_is_sent_by_its_name_with_its_values(templating):
    data = data_of(definition(step("n", message("a", templating=templating))), "n")
    assert (data["templateName"], data["languageCode"]) == ("t1", "pt_BR")
    assert data["parameters"] == {"body": ["{{contact.name}}"]}


def test_glifics_list_waits_itself_and_stores_what_was_typed_instead():
    assert data_of(LIBRARY, "q1")["variableName"] == "secao"
    assert {("q1", "", "q2"), ("q1", "else", "q1-typed"), ("q1-typed", "", "q2")} <= edges_of(LIBRARY)


def test_glifics_buttons_come_from_the_exports_templates():
    data = data_of(LIBRARY, "q3")
    assert (data["content"], data["header"], data["footer"]) == ("Aceita as regras da casa?", "Regras", "Biblioteca")
    assert data["buttons"] == [{"id": "Ok", "title": "Ok"}]


def test_glifics_consent_is_the_contacts():
    assert data_of(LIBRARY, "q5") == {"optIn": True}
