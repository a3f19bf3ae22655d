"""Sender's limits and the simulated Meta are two programs of the same facts: they agree on every message."""

import json

import pytest

from services.embedded.meta.bodies import MarkRead, Send, read_request
from services.embedded.meta.refusals import GraphError
from tests.fixtures.outbound import BROKEN, LONGEST, SAMPLES, Body, body_of_sample, changed


def read(body: Body) -> Send | MarkRead:
    return read_request(json.dumps(body).encode())


@pytest.mark.parametrize("name", SAMPLES)
def test_what_sender_sends_is_taken(name: str) -> None:
    read(body_of_sample(name))


@pytest.mark.parametrize(("name", "path", "most"), LONGEST)
def test_the_longest_text_is_taken_and_one_character_more_is_refused(name: str, path: str, most: int) -> None:
    read(changed(name, path, "x" * most))

    with pytest.raises(GraphError) as caught:
        read(changed(name, path, "x" * (most + 1)))
    assert caught.value.form.code in (100, 131009)


@pytest.mark.parametrize(("name", "path", "value"), [row[:3] for row in BROKEN])
def test_what_sender_holds_back_would_be_refused(name: str, path: str, value: object) -> None:
    with pytest.raises(GraphError) as caught:
        read(changed(name, path, value))
    assert caught.value.form.code in (100, 131008, 131009)
