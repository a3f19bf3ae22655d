"""A Typebot bot becomes a flow: what its blocks say, ask and decide, and what has no counterpart."""

import json
from pathlib import Path

import pytest

from services.executor.domain.document import parse_document
from services.executor.domain.importers import UnreadableFlow, detect_dialect, import_flow
from services.executor.domain.lint import problems
from tests.unit.executor.foreign_flows import bot, data_of, edges_of, nodes_of, said, told

BAKERY = json.loads((Path(__file__).parents[2] / "data/flows/import/typebot/bakery.json").read_text("utf-8"))


def _bubble(**content):
    return bot({"id": "b", "type": "text", "content": content})


def _line(*children):
    return _bubble(richText=[{"type": "p", "children": list(children)}])


def _content(source):
    return data_of(source, "b")["content"]


def _read(kind, *, options=None, variables=(), **rest):
    return nodes_of(bot({"id": "b", "type": kind, "options": options or {}, **rest}, variables=variables))["b"]


def test_every_block_event_and_edge_of_a_bot_is_in_the_flow():
    flow = import_flow(BAKERY).flow
    written = {block["id"] for group in BAKERY["groups"] for block in group["blocks"]}
    written |= {event["id"] for event in BAKERY["events"]} | {"g5"}
    assert {node["id"] for node in flow["nodes"]} == written
    assert {edge["id"] for edge in BAKERY["edges"]} <= {edge["id"] for edge in flow["edges"]}
    kept = [node["source"] for node in flow["nodes"]]
    assert all(block in kept for group in BAKERY["groups"] for block in group["blocks"])
    assert all(edge in [drawn.get("original") for drawn in flow["edges"]] for edge in BAKERY["edges"])


def test_a_bot_is_told_by_its_structure_also_inside_the_answer_of_typebots_api():
    assert detect_dialect(BAKERY) == "typebot"
    wrapped = import_flow({"typebot": BAKERY})
    assert (wrapped.report.dialect, wrapped.flow["name"]) == ("typebot", "Padaria do Porto")
    assert import_flow(BAKERY, name="Outra").flow["name"] == "Outra"


def test_a_bot_of_steps_is_refused_with_the_reason():
    with pytest.raises(UnreadableFlow, match="older than version 3"):
        import_flow({"blocks": [{"id": "b", "steps": [{"id": "s", "type": "text"}]}], "edges": []})


def test_the_flow_of_a_bot_is_one_the_linter_has_no_false_error_for():
    clean = bot(
        said("t", {"text": "Seu nome?"}),
        {"id": "q", "type": "text input", "options": {"variableId": "v-nome"}},
        said("bye", {"text": "Tchau, {{nome}}"}),
        variables=["nome"],
    )
    assert import_flow(clean).report.at("problem") == ()
    assert [(one.code, one.node_id) for one in problems(parse_document(import_flow(clean).flow))] == [
        ("missing_edge", "bye")
    ]


def test_a_session_lives_as_long_as_the_bots_and_its_start_condition_is_a_keyword():
    flow = import_flow(BAKERY).flow
    assert flow["settings"] == {"session_ttl_seconds": 7200}
    assert flow["nodes"][0]["data"] == {"triggers": [{"kind": "keyword", "keywords": ["pedido"], "match": "contains"}]}


@pytest.mark.parametrize(
    ("leaf", "markup"),
    [
        ({"bold": True}, "*pão*"),
        ({"italic": True}, "_pão_"),
        ({"strikethrough": True}, "~pão~"),
        ({"bold": True, "italic": True}, "_*pão*_"),
        ({"underline": True}, "pão"),
    ],
)
def test_rich_text_is_written_in_whatsapps_signs(leaf, markup):
    assert _content(_line({"text": "Temos "}, {"text": "pão", **leaf}, {"text": "!"})) == f"Temos {markup}!"


def test_a_sign_stands_at_the_words_and_not_at_the_blanks_around_them():
    assert _content(_line({"text": "Só "}, {"text": " hoje ", "bold": True}, {"text": "."})) == "Só  *hoje* ."


def test_a_link_is_written_with_its_address_once():
    link = {"type": "a", "url": "https://x.example", "children": [{"text": "aqui"}]}
    bare = {"type": "a", "url": "https://x.example", "children": [{"text": "https://x.example"}]}
    assert _content(_line(link)) == "aqui (https://x.example)"
    assert _content(_line(bare)) == "https://x.example"


def test_paragraphs_lists_and_headings_are_lines():
    steps = [{"type": "li", "children": [{"text": word}]} for word in ("pague", "leve")]
    rich = [
        {"type": "h2", "children": [{"text": "Cardápio"}]},
        {"type": "ul", "children": [{"type": "li", "children": [{"type": "lic", "children": [{"text": "pão"}]}]}]},
        {"type": "ol", "children": steps},
        {"type": "p", "children": [{"text": ""}]},
        {"type": "blockquote", "children": [{"text": "fresco"}]},
    ]  # fmt: skip
    assert _content(_bubble(richText=rich)) == "*Cardápio*\n- pão\n1. pague\n2. leve\n\n> fresco"


def test_text_nested_without_end_is_cut_and_reported():
    inner = {"type": "p", "children": [{"text": "fundo"}]}
    for _ in range(200):
        inner = {"type": "p", "children": [inner]}
    assert "b content" in told(_bubble(richText=[inner]), "dropped")


def test_what_whatsapp_has_no_sign_for_is_reported():
    assert "b content" in told(_line({"text": "x", "underline": True}), "dropped")


def test_names_of_variables_stay_unless_they_mean_something_here():
    source = bot(said("b", {"text": "{{Seu nome}} {{contact}} {{1º}}"}), variables=["Seu nome", "contact", "1º"])
    assert data_of(source, "b")["content"] == "{{Seu nome}} {{contact_}} {{v_1º}}"
    assert told(source, "changed") == [" variables.contact", " variables.1º"]


def test_code_inside_a_text_is_reported_and_never_run():
    assert "b content" in told(_line({"text": "Total {{=1+1=}}"}), "problem")


def test_pictures_videos_and_sounds_are_messages_with_media():
    assert _read("image", content={"url": "https://x.example/a.png"})["data"] == {
        "mediaType": "image", "mediaUrl": "https://x.example/a.png",
    }  # fmt: skip
    assert _read("audio", content={"url": "https://x.example/a.mp3"})["data"]["mediaType"] == "audio"
    assert _read("video", content={"type": "url", "url": "https://x.example/a.mp4"})["data"]["mediaType"] == "video"


def test_a_picture_whatsapp_does_not_show_is_a_problem():
    source = bot({"id": "b", "type": "image", "content": {"url": "https://x.example/a.gif?cid=1"}})
    assert told(source, "problem") == ["b mediaUrl"]


def test_a_video_page_an_embedded_page_and_a_redirection_are_links():
    video = _read("video", content={"type": "youtube", "id": "abc"})["data"]
    assert video == {"content": "https://www.youtube.com/watch?v=abc"}
    assert _read("embed", content={"url": "https://x.example"})["data"] == {"content": "https://x.example"}
    assert _read("Redirect", options={"url": "https://x.example"})["data"] == {"content": "https://x.example"}


@pytest.mark.parametrize(
    ("written", "item"),
    [
        ("0", {"valueType": "static", "value": 0}),
        ("{{n}} + 10", {"valueType": "expression", "value": "{{n}} + 10"}),
        ("{{n}}", {"valueType": "variable", "value": "n"}),
        ('"Bom dia"', {"valueType": "static", "value": "Bom dia"}),
        ("Neutro", {"valueType": "static", "value": "Neutro"}),
        ("Oi {{n}}", {"valueType": "static", "value": "Oi {{n}}"}),
        ('["a", "b"]', {"valueType": "static", "value": ["a", "b"]}),
        ("2024-01-15", {"valueType": "static", "value": "2024-01-15"}),
    ],
)
def test_a_value_is_set_as_number_copy_text_or_arithmetic(written, item):
    options = {"variableId": "v-x", "expressionToEvaluate": written}
    node = _read("Set variable", options=options, variables=["x", "n"])
    assert node["data"]["assignments"] == [{"name": "x", **item}]


@pytest.mark.parametrize(
    "options",
    [
        {"expressionToEvaluate": "return 1", "isCode": True},
        {"expressionToEvaluate": "Math.random()"},
        {"expressionToEvaluate": "{{n}}.length"},
        {"expressionToEvaluate": "1" * 6000},
        {"type": "Pop"},
    ],
)
def test_javascript_is_a_script_node_that_must_be_replaced(options):
    source = bot({"id": "b", "type": "Set variable", "options": {"variableId": "v-x"} | options}, variables=["x", "n"])
    assert nodes_of(source)["b"]["type"] == "script"
    assert told(source, "problem") == ["b code"]


def test_what_the_flow_knows_itself_is_copied():
    for kind, name in (("Phone number", "contact.phone"), ("Contact name", "contact.name")):
        node = _read("Set variable", options={"variableId": "v-x", "type": kind}, variables=["x"])
        assert node["data"]["assignments"] == [{"name": "x", "valueType": "variable", "value": name}]


def test_a_moment_is_a_datetime_node():
    node = _read("Set variable", options={"variableId": "v-x", "type": "Tomorrow", "timeZone": "UTC"}, variables=["x"])
    assert (node["type"], node["data"]["operation"], node["data"]["addAmount"]) == ("datetime", "add", 1)


def _condition(*items):
    return _read("Condition", items=list(items), variables=["x"])["data"]


def _item(*comparisons, logic="AND"):
    listed = [{"variableId": "v-x", "comparisonOperator": operator, "value": value} for operator, value in comparisons]
    return {"id": "i", "content": {"logicalOperator": logic, "comparisons": listed}}


@pytest.mark.parametrize(
    ("written", "native"),
    [
        ("Equal to", "=="), ("Not equal", "!="), ("Contains", "contains"), ("Does not contain", "not_contains"),
        ("Greater than", ">"), ("Greater or equal to", ">="), ("Less than", "<"), ("Less or equal to", "<="),
        ("Starts with", "starts_with"), ("Ends with", "ends_with"), ("Matches regex", "matches"),
    ],
)  # fmt: skip
def test_every_comparison_has_its_operator(written, native):
    assert _condition(_item((written, "5")))["rules"] == [{"variable": "x", "operator": native, "value": "5"}]


def test_comparisons_are_joined_by_all_or_any():
    rules = _condition(_item(("Is set", None), ("Equal to", "a"), logic="OR"))
    assert (rules["match"], [rule["operator"] for rule in rules["rules"]]) == ("any", ["is_not_empty", "=="])


def test_a_pattern_loses_the_slashes_of_javascript():
    assert _condition(_item(("Matches regex", "/^a+$/i")))["rules"][0]["value"] == "(?i)^a+$"


def test_several_items_are_tried_one_after_another():
    first, second = _item(("Equal to", "1")) | {"id": "i1"}, _item(("Equal to", "2")) | {"id": "i2"}
    source = bot(
        {"id": "b", "type": "Condition", "items": [first, second]}, said("z"),
        groups=[{"id": "g2", "title": "", "blocks": [said("w")]}],
        edges=[{"id": "e2", "from": {"blockId": "b", "itemId": "i2"}, "to": {"groupId": "g2"}}], variables=["x"],
    )  # fmt: skip
    assert [route["handle"] for route in data_of(source, "b")["routes"]] == ["condition-0", "condition-1"]
    assert {("b", "condition-1", "w"), ("b", "", "z")} <= edges_of(source)


@pytest.mark.parametrize("operator", [None, "Does not match regex"])
def test_a_comparison_that_cannot_be_said_is_a_problem(operator):
    comparison = {"variableId": "v-x", "value": "1"} | ({"comparisonOperator": operator} if operator else {})
    source = bot(
        {"id": "b", "type": "Condition", "items": [{"id": "i", "content": {"comparisons": [comparison]}}]},
        variables=["x"],
    )
    assert "b comparisons" in told(source, "problem")


def test_a_test_of_two_paths_draws_lots_by_their_shares():
    items = [{"id": "i1", "path": "a"}, {"id": "i2", "path": "b"}]
    data = _read("AB test", options={"aPercent": 30}, items=items)["data"]
    assert [(way["handle"], way["weight"]) for way in data["variants"]] == [("a", 30), ("b", 70)]
    assert data["sticky"] is False


def test_jumps_stay_in_the_bot_and_links_to_other_bots_are_sub_flows():
    jump = {"id": "b", "type": "Jump", "options": {"groupId": "g2"}}
    source = bot(jump, groups=[{"id": "g2", "title": "", "blocks": [said("w")]}])
    assert data_of(source, "b") == {"targetNodeId": "w"}
    link = _read("Typebot link", options={"typebotId": "outro"})
    assert (link["type"], link["data"]) == ("subflow", {"targetFlow": "outro"})


def test_a_wait_is_a_delay_and_a_return_returns():
    assert _read("Wait", options={"secondsToWaitFor": "3"})["data"] == {"seconds": 3}
    assert _read("Wait", options={"secondsToWaitFor": "{{x}}"}, variables=["x"])["data"] == {"seconds": "{{x}}"}
    assert told(bot({"id": "b", "type": "Wait", "options": {"secondsToWaitFor": "logo"}}), "problem") == ["b seconds"]
    assert _read("Return")["type"] == "return"


def test_a_request_keeps_method_headers_query_body_and_what_is_stored():
    data = next(node["data"] for node in import_flow(BAKERY).flow["nodes"] if node["id"] == "b16")
    assert data == {
        "url": "https://loja.example/{{Pedido}}", "method": "POST", "headers": {"X-Loja": "{{Loja}}"}, "query": {},
        "body": {"total": "{{Total}}"}, "mapping": {"contact_": "itens.0.nome"}, "statusVariable": "Nota",
        "timeoutSeconds": 20, "onError": "continue",
    }  # fmt: skip


def test_hooks_are_requests_and_a_wait_for_a_call_is_none():
    hook = _read("Zapier", options={"webhook": {"url": "https://hooks.example/1", "method": "POST"}})
    assert (hook["type"], hook["data"]["url"]) == ("http_request", "https://hooks.example/1")
    assert _read("webhook")["type"] == "action"


@pytest.mark.parametrize("kind", ["OpenAI", "openai", "groq"])
def test_a_chat_with_a_model_is_a_reply_of_it(kind):
    options = {
        "task" if kind == "OpenAI" else "action": "Create chat completion", "model": "m-1",
        "messages": [{"role": "system", "content": "Seja breve"}, {"role": "user", "content": "{{x}}"}],
        "responseMapping": [{"valueToExtract": "Message content", "variableId": "v-x"}],
    }  # fmt: skip
    node = _read(kind, options=options, variables=["x"])
    assert node["type"] == "ai_reply"
    assert {"model": "m-1", "systemPrompt": "Seja breve", "prompt": "{{x}}", "outputVariable": "x"}.items() <= node[
        "data"
    ].items()


@pytest.mark.parametrize("kind", ["Google Sheets", "Email", "qr-code", "payment input", "nunca visto"])
def test_what_has_no_counterpart_is_kept_as_data_and_reported(kind):
    block = {"id": "b", "type": kind, "options": {"chave": "valor"}}
    source = bot(block)
    assert nodes_of(source)["b"]["type"] == "action"
    assert nodes_of(source)["b"]["source"] == block
    assert told(source, "problem") == ["b type"]


def test_analytics_are_events_of_the_log_and_a_chat_widget_hands_over():
    assert _read("Google Analytics", options={"action": "compra", "value": 3})["data"] == {
        "eventName": "compra", "eventValue": 3,
    }  # fmt: skip
    assert _read("Chatwoot")["type"] == "handoff"


@pytest.mark.parametrize("kind", ["command", "reply", "invalidReply"])
def test_an_event_that_interrupts_is_a_note_and_a_problem(kind):
    source = bot(said("b"))
    source["events"].append({"id": "ev", "type": kind})
    assert nodes_of(source)["ev"]["type"] == "note"
    assert "ev type" in told(source, "problem")


def test_an_edge_without_an_end_is_dropped_and_reported():
    source = bot(said("b"), edges=[{"id": "e1", "from": {"blockId": "b"}, "to": {"groupId": "gone"}}])
    assert "b edges[1]" in told(source, "dropped")


def test_two_blocks_of_one_id_are_both_kept():
    source = bot(said("b", {"text": "um"}), said("b", {"text": "dois"}))
    assert [nodes_of(source)[node]["data"]["content"] for node in ("b", "b-2")] == ["um", "dois"]
    assert "b-2 id" in told(source, "problem")
