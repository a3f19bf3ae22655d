"""What is done about each code, against a list that was written by hand."""

import json

import pytest

from services.sender.domain.codes import RULES, Action, Scope, rule_of_answer, rule_of_status
from tests.graph_answers.cases import Case, error_cases
from tests.house.files import ROOT

CASES = list(error_cases(json.loads((ROOT / "tests/data/graph/errors.json").read_text())))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_code_is_answered_as_the_list_says(case: Case) -> None:
    code = case.answer["body"]["error"]["code"]
    rule = rule_of_answer(code, subcode=None, http=case.answer["http"], is_transient=False)

    assert (rule.action.value, rule.is_doubt) == (case.expected, case.outcome == "unknown")
    assert case.wait is None or rule.seconds == case.wait
    assert rule_of_status(code) == rule


def test_every_action_is_taken_for_some_code() -> None:
    without_a_code = {Action.HOLD_UNCERTAIN}
    assert {rule.action for rule in RULES.values()} == set(Action) - without_a_code


def test_a_code_that_is_not_listed_goes_by_http_and_metas_flag() -> None:
    unlisted = 987_654
    assert rule_of_answer(unlisted, subcode=None, http=400, is_transient=False).action is Action.FAIL_PERMANENT
    for http, is_transient in ((500, False), (400, True), (200, False)):
        rule = rule_of_answer(unlisted, subcode=None, http=http, is_transient=is_transient)
        assert (rule.action, rule.is_doubt) == (Action.RETRY_BACKOFF, True)
    assert rule_of_status(unlisted).action is Action.FAIL_PERMANENT


def test_an_object_that_does_not_exist_is_the_number() -> None:
    rule = rule_of_answer(100, subcode=33, http=400, is_transient=False)
    assert (rule.action, rule.scope) == (Action.PAUSE_NUMBER, Scope.NUMBER)
