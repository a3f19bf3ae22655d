"""What people read of a message that was said (`bot_responses` of a test message)."""

import json

import pytest

from services.executor.server.conversations import words_of
from tests.fixtures.outbound import SAMPLES, message_of
from tests.house.files import ROOT

WORDS: dict[str, list[str]] = json.loads((ROOT / "tests/data/outbound/words.json").read_text())


@pytest.mark.parametrize("name", SAMPLES)
def test_a_message_is_told_in_words(name: str) -> None:
    assert words_of([message_of(SAMPLES[name]).SerializeToString()]) == WORDS[name]
