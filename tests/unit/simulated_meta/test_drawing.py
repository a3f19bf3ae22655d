"""How each kind of message looks in the terminal."""

import json

import pytest

from services.embedded.meta.bodies import Send, read_request
from services.embedded.meta.drawing import draw
from services.embedded.meta.screen import Bubble, Choice
from services.embedded.meta.terminal import render
from tests.fixtures.outbound import SAMPLES, body_of_sample
from tests.house.files import ROOT

SCREENS: dict[str, list[str]] = json.loads((ROOT / "tests/data/outbound/screens.json").read_text())


def bubble_of(name: str) -> Bubble:
    send = read_request(json.dumps(body_of_sample(name)).encode())
    assert isinstance(send, Send)
    return draw("wamid.x", send.kind, send.body, 0)


@pytest.mark.parametrize("name", SCREENS)
def test_a_message_is_drawn_in_a_few_lines(name: str) -> None:
    assert render(bubble_of(name)).split("\n") == SCREENS[name]


def test_every_message_has_its_lines() -> None:
    assert set(SCREENS) == {name for name, sample in SAMPLES.items() if "status" not in sample["body"]}


def test_replies_on_cards_are_tapped_like_reply_buttons() -> None:
    assert bubble_of("carousel of replies").choices[2] == Choice("button_reply", "go6", "Go there", section="Card 2")


def test_replies_of_a_template_give_their_payload() -> None:
    """Their words are in the template, which only Meta has."""
    assert bubble_of("template by place").choices == (Choice("button", "coming", "coming"),)
