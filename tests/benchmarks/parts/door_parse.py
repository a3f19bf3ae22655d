"""From a webhook's bytes to entries ready to be stored: what each stage costs.

`python -m tests.benchmarks.parts.door_parse`
"""

import time
from collections.abc import Callable
from statistics import median
from uuid import UUID

import orjson

from services.ingress.domain.signature import matching_secrets
from services.ingress.domain.webhook import parse_webhook
from services.ingress.usecases import entry_of
from tests.benchmarks.meta.webhooks import sign

ROUNDS = 9
REPEATS = 400
SECRET = "f3c1a2b4d5e6f708192a3b4c5d6e7f80"
SIGNED_BY = (f"{UUID(int=7)}/main",)
RECEIVED_AT_MS = 1_772_630_311_000

Stage = Callable[[int], object]


def one_text(number: int) -> bytes:
    """Return a POST of one text as Meta sends it; every number has a person and a message id of its own."""
    return _body({"contacts": [_contact(number)], "messages": [_message(number)]})


def one_status(number: int) -> bytes:
    """Return a POST of one status with its price."""
    status = {
        "id": f"wamid.HBgNNTUxMTk4NzY1{number:0>40}",
        "status": "delivered",
        "timestamp": "1772630311",
        "recipient_id": _wa_id(number),
        "recipient_user_id": f"BR.{number:0>16}",
        "conversation": {"id": f"c{number:0>31}", "origin": {"type": "service"}},
        "pricing": {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"},
    }
    return _body({"statuses": [status]})


def ten_texts(number: int) -> bytes:
    """Return a POST of ten texts of ten people, in one change."""
    numbers = range(number * 10, number * 10 + 10)
    return _body({"contacts": [_contact(one) for one in numbers], "messages": [_message(one) for one in numbers]})


def _wa_id(number: int) -> str:
    return f"55119{number:0>8}"


def _contact(number: int) -> dict[str, object]:
    profile = {"name": "Ana da Oficina Aberta"}
    return {"profile": profile, "wa_id": _wa_id(number), "user_id": f"BR.{number:0>16}"}


def _message(number: int) -> dict[str, object]:
    return {
        "from": _wa_id(number),
        "from_user_id": f"BR.{number:0>16}",
        "id": f"wamid.HBgNNTUxMTk4NzY1{number:0>40}",
        "timestamp": "1772630311",
        "text": {"body": "Olá, quanto custa a revisão de duas bicicletas até sábado?"},
        "type": "text",
    }


def _body(content: dict[str, object]) -> bytes:
    metadata = {"display_phone_number": "551133334444", "phone_number_id": "700800900100200"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **content}
    entry = {"id": "204060801020304", "changes": [{"value": value, "field": "messages"}]}
    return orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})


def measure() -> dict[str, float]:
    """Return microseconds of CPU per POST by body and stage: the median of rounds in which all stages take turns."""
    stages: dict[str, Stage] = {}
    for name, make in (("one text", one_text), ("one status", one_status), ("ten texts", ten_texts)):
        stages |= {f"door, {name}, {stage}": run for stage, run in _stages_of(make).items()}
    taken: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(ROUNDS):
        for name, run in stages.items():
            began = time.process_time_ns()
            for index in range(REPEATS):
                run(index)
            taken[name].append((time.process_time_ns() - began) / REPEATS / 1000)
    return {name: median(samples) for name, samples in taken.items()}


def _stages_of(make: Callable[[int], bytes]) -> dict[str, Stage]:
    """Give the stages over bodies made beforehand; every body is another person's, as at a busy number."""
    bodies = [make(number) for number in range(REPEATS)]
    headers = [sign(body, SECRET).encode() for body in bodies]
    events = [parse_webhook(body) for body in bodies]
    secrets = [SECRET.encode()]

    def signature(index: int) -> object:
        return matching_secrets(bodies[index], headers[index], secrets)

    def parse(index: int) -> object:
        return parse_webhook(bodies[index])

    def entries(index: int) -> object:
        return [entry_of(event, received_at_ms=RECEIVED_AT_MS, signed_by=SIGNED_BY) for event in events[index]]

    def whole(index: int) -> object:
        assert matching_secrets(bodies[index], headers[index], secrets)
        found = parse_webhook(bodies[index])
        return [entry_of(event, received_at_ms=RECEIVED_AT_MS, signed_by=SIGNED_BY) for event in found]

    return {"signature": signature, "parse": parse, "entries": entries, "whole": whole}


if __name__ == "__main__":
    print(f"one text: {len(one_text(1))} bytes, one status: {len(one_status(1))}, ten texts: {len(ten_texts(1))}")
    for name, microseconds in measure().items():
        print(f"{name:<34}{microseconds:8.1f} µs")
