"""Templates and expressions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.executor.domain.expressions import ExpressionError, compile_expression
from services.executor.domain.json_value import Json
from services.executor.domain.templates import MAX_OUTPUT_BYTES, TemplateError, compile_template
from services.executor.domain.variables import Scope

VARIABLES: dict[str, Json] = {
    "nome": "ana maria",
    "Nome Completo": "Ana M.",
    "pedido": {"itens": [{"nome": "pão"}, {"nome": "leite"}], "total": 1234.5},
    "a.b": "chave",
    "lista": ["x", "y"],
    "três": 3.0,
    "sim": True,
    "nulo": None,
    "menos": "-0,5",
    "injeção": "{{nome}}{{#each lista}}",
}


def say(text: str, *, keep: bool = False) -> str:
    return compile_template(text).render(Scope(VARIABLES, {"contact": {"name": "Zoé"}}, keep))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Oi {{nome}}, {{ nome }}!", "Oi ana maria, ana maria!"),
        ("{{Nome Completo}}", "Ana M."),
        ("{{pedido.itens.1.nome}}{{pedido.itens.9.nome}}{{pedido.total.x}}", "leite"),
        ("{{a.b}}", "chave"),
        ("{{três}} {{sim}} {{nulo}}.", "3 true ."),
        ("{{lista}}", '["x","y"]'),
        ("{{nome|title}} {{nome | upper}} {{contact.name|lower}}", "Ana Maria ANA MARIA zoé"),
        ('{{nada|default:"a | b"}} {{nada|default:x|upper}}', "a | b X"),
        ('[{{nada|default:"  "|trim}}]', "[]"),
        ('{{pedido.total|money:"BRL"}} {{menos|money:"USD"}} {{nome|money}}', "R$ 1.234,50 -US$ 0.50 ana maria"),
        ("{{#each lista}}{{index}}={{this}};{{/each}}", "1=x;2=y;"),
        ("{{#each pedido.itens}}{{nome}} {{/each}}{{nome}}", "pão leite ana maria"),
        ("{{#each lista}}{{#each lista}}{{this}}{{/each}}-{{/each}}", "xy-xy-"),
        ("{{#each nome}}x{{/each}}", ""),
        ("{{injeção}}", "{{nome}}{{#each lista}}"),
        ("{ {nome} } {{}} {{{nome}}} }}", "{ {nome} } {{}} {ana maria} }}"),
    ],
)
def test_a_template_says(text: str, said: str) -> None:
    assert say(text) == said


def test_an_unknown_name_is_kept_when_the_flow_wants_it() -> None:
    assert (
        say("{{ nada | upper }}{{nulo}}{{nome}}{{nada|default:z}}", keep=True) == "{{ nada | upper }}{{nulo}}ana mariaz"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{#each x}}",
        "{{/each}}",
        "{{#if x}}",
        "{{x|shout}}",
        "{{x|}}",
        "{{#each a}}" * 4 + "{{/each}}" * 4,
        "{{x}}" * 2001,
        "{{x" + "|trim" * 100 + "}}",
    ],
)
def test_a_broken_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(text)


def test_the_output_is_cut_at_64_kib_of_whole_characters() -> None:
    scope = Scope({"x": "é" * 50_000, "l": list(range(50_000))}, {})
    for text in ("{{x}}{{x}}{{x}}", "{{#each l}}{{x}}{{/each}}", "é" * 70_000):
        assert compile_template(text).render(scope) == "é" * (MAX_OUTPUT_BYTES // 2)
    assert compile_template("{{#each l}}{{#each l}}{{/each}}{{/each}}fim").render(scope) == ""


@given(st.text(alphabet="{}#/ehac|:\"'x. 1", max_size=40))
def test_any_text_is_a_template_or_is_refused(text: str) -> None:
    try:
        template = compile_template(text)
    except TemplateError:
        return
    assert isinstance(template.render(Scope({"x": ["1"]}, {})), str)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3.5),
        ("0.1 + 0,2", 0.3),
        ("-{{menos}} - -1", 1.5),
        ("8 - 3 - 2", 3),
        ("nada + 1", 1),
        ("{{nada}} + {{nulo}}", ""),
        ("nome + ' ' + \"!\"", "ana maria !"),
        ("'1' + '2'", 3),
        ("{{Nome Completo}}", "Ana M."),
        ("{{pedido.total}} * 2", 2469),
        ("três", 3.0),
    ],
)
def test_an_expression_gives(text: str, result: Json) -> None:
    assert compile_expression(text)[0](Scope(VARIABLES, {})) == result


@pytest.mark.parametrize(
    "text", ["", "1 +", "(1", "1)", "1 2", "* 2", "a = 1", "f(1)", "(" * 40 + "1" + ")" * 40, "9" * 1001, "9" * 20]
)
def test_an_expression_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text)


@pytest.mark.parametrize("text", ["1 / 0", "0 / 0", "nome * 2", "999999999 * 999999999", "lista - 1"])
def test_an_expression_without_a_result_says_so(text: str) -> None:
    evaluate, _ = compile_expression(text)
    with pytest.raises(ExpressionError):
        evaluate(Scope(VARIABLES, {}))
