"""Tells the simulated Meta about applied numbers, so that sending from them works and their phones can write."""

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from services.cli.apply.memory import Memory, RememberedNumber
from services.cli.ending import Failed
from services.embedded.rooms import WEBHOOK_PATH
from services.embedded.state import State

DEFAULT_WABA_ID = "200000000000001"
SECONDS = 10.0


def register_numbers(state: State, memory: Memory, *, house_secret: str) -> int:
    """Register every number ever applied to this house; says how many were news to the simulator.

    `house_secret` signs for numbers of organizations without a Meta app. Does nothing without a simulator.
    """
    simulator = state.get("simulator")
    if not isinstance(simulator, dict):
        return 0
    meta = _SimulatedMeta(str(simulator["url"]))
    known = meta.numbers()
    wanted = {
        number.phone_number_id: _settings(state, memory, number, house_secret) for number in memory.numbers.values()
    }
    news = {key: settings for key, settings in wanted.items() if _differs(known.get(key), settings)}
    for phone_number_id, settings in news.items():
        meta.put_number(phone_number_id, settings)
    return len(news)


def _settings(state: State, memory: Memory, number: RememberedNumber, house_secret: str) -> dict[str, object]:
    app = memory.app_of(number)
    webhook = f"{state['http']}{WEBHOOK_PATH}"
    return {
        "phone_number_id": number.phone_number_id,
        "display_phone_number": number.display_phone_number or number.phone_number_id,
        "waba_id": number.waba_id or DEFAULT_WABA_ID,
        "access_tokens": [number.access_token] if number.access_token else [],
        "app_secret": app.app_secret if app else house_secret,
        "webhook_url": f"{webhook}/{app.name}" if app else webhook,
        "verified_name": app.organization if app else "PyTake",
    }


def _differs(known: Mapping[str, object] | None, settings: Mapping[str, object]) -> bool:
    return known is None or any(known.get(key) != value for key, value in settings.items())


class _SimulatedMeta:
    """The control API under /_sim. The standard library's client: it heeds no proxy variable and loads at once."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def numbers(self) -> dict[str, Mapping[str, object]]:
        """Registered numbers by id."""
        listed = self._ask("GET", "/_sim/numbers")["numbers"]
        assert isinstance(listed, list)
        return {number["phone_number_id"]: number for number in listed}

    def put_number(self, phone_number_id: str, settings: Mapping[str, object]) -> None:
        """Register a number, or replace its settings."""
        self._ask("PUT", f"/_sim/numbers/{phone_number_id}", json.dumps(settings))

    def _ask(self, method: str, path: str, body: str | None = None) -> dict[str, object]:
        connection = http.client.HTTPConnection(self._address, timeout=SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        except OSError as error:
            raise Failed(f"the simulated Meta does not answer ({error}); `pytake status` tells what runs") from None
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise Failed(f"the simulated Meta refused a number: {text.decode(errors='replace')}")
        value: dict[str, object] = json.loads(text)
        return value
