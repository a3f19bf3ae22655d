"""Single answers to single questions, beyond what the golden dialogues walk through."""

from typing import Any

import pytest

from services.executor.domain.answers import Accepted, Rejected, compile_judge, question_options
from services.executor.domain.commands import Command
from services.executor.domain.compile import compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.events import InboundMessage
from services.executor.domain.json_value import Json
from tests.unit.executor.dialogues import plain, take

Data = dict[str, Any]
YES_NO: list[Json] = [{"value": "yes", "label": "Sim"}, {"value": "no", "label": "Não"}]
NO_YES: list[Json] = [{"value": "nao", "label": "Não"}, {"value": "sim", "label": "Sim"}]
OWN: list[Json] = [{"value": "aceito", "label": "Aceito"}, {"value": "recuso", "label": "Recuso"}]


def answer(kind: str, said: str, options: list[Json] | None = None, **validation: Any) -> object:
    """The value stored for an answer, or the code it is refused with, as ("refused", code)."""
    judge = compile_judge(kind, question_options({"options": options or []}), validation)
    verdict = judge(InboundMessage(said))
    return ("refused", verdict.code) if isinstance(verdict, Rejected) else verdict.value


@pytest.mark.parametrize(
    ("options", "said", "stored"),
    [
        (YES_NO, "Sim", "yes"),
        (YES_NO, "S", "yes"),
        (YES_NO, "yes", "yes"),
        (YES_NO, "Y", "yes"),
        (YES_NO, "1", "yes"),
        (YES_NO, "não", "no"),
        (YES_NO, "NAO.", "no"),
        (YES_NO, "n", "no"),
        (YES_NO, "2", "no"),
        (YES_NO, "3", ("refused", "yes_no")),
        (YES_NO, "sim e não", ("refused", "yes_no")),
        (NO_YES, "s", "sim"),
        (NO_YES, "no", "nao"),
        (NO_YES, "1", "nao"),
        (OWN, "sim", "aceito"),
        (OWN, "recuso!", "recuso"),
    ],
)
def test_yes_or_no(options: list[Json], said: str, stored: object) -> None:
    assert answer("yes_no", said, options) == stored


def test_yes_opens_the_true_way_whatever_the_order_of_the_options() -> None:
    verdict = compile_judge("yes_no", question_options({"options": NO_YES}), {})(InboundMessage("Sim"))
    assert isinstance(verdict, Accepted)
    assert "true" in verdict.handles


@pytest.mark.parametrize(
    ("said", "is_good"),
    [
        ("11 91234-5678", True),
        ("(021) 3123-4567", True),
        ("+55 11 91234-5678", True),
        ("5511912345678", True),
        ("+1 415 555 2671", True),
        ("912345678", False),
        ("+55 11 9", False),
        ("1234567890123456", False),
        ("11 91234-5678 à tarde", False),
        ("onze nove", False),
        ("----------", False),
    ],
)
def test_a_phone_number(said: str, is_good: bool) -> None:
    assert answer("phone", said) == (said if is_good else ("refused", "phone"))


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("07/09/2022", "2022-09-07"),
        ("7-9-2022", "2022-09-07"),
        ("07.09.2022", "2022-09-07"),
        ("2022-09-07", "2022-09-07"),
        ("29/02/2024", "2024-02-29"),
        ("29/02/2023", ("refused", "date")),
        ("13/13/2022", ("refused", "date")),
        ("07/09/22", ("refused", "date")),
        ("00/00/0000", ("refused", "date")),
        ("amanhã", ("refused", "date")),
    ],
)
def test_a_date(said: str, stored: object) -> None:
    assert answer("date", said) == stored


@pytest.mark.parametrize(
    ("said", "is_good"),
    [("3", True), ("-3", True), ("+3,25", True), ("3.25", True), ("1.234,5", True), ("3,", False), ("1e5", False),
     ("٣", False), ("--1", False), ("dez", False), ("3 pães", False)],
)  # fmt: skip
def test_a_number_is_stored_as_typed(said: str, is_good: bool) -> None:
    assert answer("number", f" {said} ") == (said if is_good else ("refused", "number"))


@pytest.mark.parametrize(
    ("said", "is_good"),
    [("a@b.co", True), ("josé@exemplo.com.br", True), ("a b@c.de", False), ("a@b", False), ("@b.co", False),
     ("a@b..co", False), (".a@b.co", False), ("a@b.co, c@d.eu", False)],
)  # fmt: skip
def test_an_email_address(said: str, is_good: bool) -> None:
    assert answer("email", said) == (said if is_good else ("refused", "email"))


@pytest.mark.parametrize(
    ("regex", "said", "is_good"),
    [("[0-9]{3}", "123", True), ("[0-9]{3}", "1234", False), ("^[0-9]{3}", "1234", True), ("[0-9]$", "a1", True),
     ("(a+)+$", "a" * 3000 + "b", False)],
)  # fmt: skip
def test_a_regex_is_for_the_whole_answer_unless_it_is_anchored(regex: str, said: str, is_good: bool) -> None:
    assert answer("text", said, regex=regex) == (said if is_good else ("refused", "again"))


def asked(data: Data) -> Command:
    document = {
        "schema": "pytake.flow/1", "name": "t",
        "nodes": [{"id": "s", "type": "start"}, {"id": "q", "type": "question", "data": {"variableName": "x", **data}}],
        "edges": [{"source": "s", "target": "q"}],
    }  # fmt: skip
    return take(compile_flow(parse_document(document)), None, InboundMessage("oi")).commands[0]


@pytest.mark.parametrize(
    ("options", "content", "sent"),
    [
        (["a", "b"], "Qual?", {"body": "Qual?", "buttons": {"a": "a", "b": "b"}}),
        (["a" * 21], "Qual?", {"body": "Qual?", "button": "Ver opções", "sections": [["", {"a" * 21: "a" * 21}]]}),
        (["a" * 25], "Qual?", "Qual?\n1. " + "a" * 25),
        (["a"], "é" * 1025, "é" * 1025 + "\n1. a"),
        (list("abcdefghijk"), "Qual?", "Qual?" + "".join(f"\n{n}. {c}" for n, c in enumerate("abcdefghijk", 1))),
    ],
)
def test_a_choice_is_shown_in_the_richest_form_that_fits(options: list[str], content: str, sent: object) -> None:
    data = {
        "content": content,
        "kind": "choice",
        "presentation": "auto",
        "options": [{"value": one} for one in options],
    }
    assert plain(asked(data)) == sent


def test_a_choice_is_plain_text_by_default() -> None:
    assert plain(asked({"content": "Qual?", "kind": "choice", "options": [{"value": "a"}]})) == "Qual?"
