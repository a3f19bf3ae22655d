"""Bodies of webhooks and the events they hold: tests/data/webhooks, one body a file, expected.json beside them."""

import json
from pathlib import Path

import pytest

from services.ingress.domain.webhook import parse_webhook

FOLDER = Path(__file__).parents[2] / "data" / "webhooks"
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))


def body_of(name):
    return (FOLDER / f"{name}.json").read_bytes()


def test_every_body_has_its_expectation_and_every_expectation_its_body():
    assert {path.stem for path in FOLDER.glob("*.json")} - {"expected"} == set(EXPECTED)


@pytest.mark.parametrize("name", [pytest.param(name, id=case["says"]) for name, case in EXPECTED.items()])
def test_a_body_gives_its_events_in_order(name):
    got = [event.fields for event in parse_webhook(body_of(name))]
    assert got == EXPECTED[name]["events"]
    assert [list(fields) for fields in got] == [list(fields) for fields in EXPECTED[name]["events"]]


@pytest.mark.parametrize("name", [pytest.param(name, id=case["says"]) for name, case in EXPECTED.items()])
def test_an_event_says_beside_its_fields_what_its_fields_say(name):
    for event in parse_webhook(body_of(name)):
        assert event.type == event.fields["type"]
        assert event.flow_input == event.fields.get("flow_input", False)
        assert event.dedupe_key == event.fields.get("dedupe_key", event.dedupe_key)
        if event.type != "invalid":
            assert event.waba_id == event.fields.get("waba_id")
            assert event.phone_number_id == event.fields.get("phone_number_id")


@pytest.mark.parametrize("name", [pytest.param(name, id=case["says"]) for name, case in EXPECTED.items()])
def test_the_second_delivery_has_the_same_keys_wherever_its_entries_stand(name):
    body = json.loads(body_of(name))
    first = [event.dedupe_key for event in parse_webhook(body_of(name))]
    if not isinstance(body, dict) or body["object"] != "whatsapp_business_account":
        assert [event.dedupe_key for event in parse_webhook(json.dumps(body).encode())] == first
        return
    moved = {**body, "entry": [{"id": "1", "changes": []}, *body["entry"]]}
    assert [event.dedupe_key for event in parse_webhook(json.dumps(moved).encode())] == first


def test_only_messages_ever_drive_a_flow():
    for name in EXPECTED:
        for event in parse_webhook(body_of(name)):
            assert event.type == "message" or not event.flow_input
