"""The GET handshake that Meta makes before it delivers."""

import json
from pathlib import Path

import pytest

from services.ingress.domain.handshake import Handshake, answer_handshake

CASES = json.loads((Path(__file__).parents[2] / "data" / "handshakes.json").read_text("utf-8"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["says"]) for case in CASES])
def test_the_challenge_is_echoed_to_whoever_knows_the_token_and_to_nobody_else(case):
    query = [(name, value) for name, value in case["query"]]
    answer = answer_handshake(query, case["verify_tokens"])
    assert answer == Handshake(case["status"], case["body"], case["error_code"])
