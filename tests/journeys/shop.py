"""An organization of a test's own in a running house: provisioned by `pytake apply`, written to by signed webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.journeys import webhooks
from tests.journeys.house import House
from tests.journeys.webhooks import Element, Person

FLOWS = Path(__file__).resolve().parents[1] / "data" / "journeys"


@dataclass(frozen=True, slots=True)
class Shop:
    """An organization with one number (or two) and secrets of its own."""

    house: House
    serial: int

    @property
    def name(self) -> str:
        """The organization's name."""
        return f"shop {self.serial}"

    @property
    def app(self) -> str:
        """Its Meta app."""
        return f"app-{self.serial}"

    @property
    def secret(self) -> str:
        """The app secret."""
        return f"canary-app-secret-{self.serial}"

    @property
    def access_token(self) -> str:
        """The token of its numbers."""
        return f"EAAcanaryToken{self.serial}"

    @property
    def number(self) -> str:
        """The phone_number_id of its number."""
        return f"7300{self.serial:08d}"

    @property
    def second_number(self) -> str:
        """The phone_number_id of its second number, if it has one."""
        return f"7400{self.serial:08d}"

    def person(self, nth: int = 1) -> Person:
        """Somebody nobody else writes as."""
        return Person(wa_id=f"55119{self.serial:05d}{nth:03d}", name=f"Canary Name {self.serial}-{nth}")

    def document(self, flows: Mapping[str, Element], /, **more: Any) -> dict[str, Any]:
        """What to apply: flows by name, and `more` keys of the organization; the number answers with the first flow."""
        organization: dict[str, Any] = {
            "name": self.name,
            "meta_apps": [
                {"name": self.app, "app_secret": self.secret, "verify_token": f"canary-verify-{self.serial}"}
            ],
            "flows": [{"name": name, "document": flow} for name, flow in flows.items()],
            "numbers": [self.number_entry(self.number, default_flow=next(iter(flows)))] if flows else [],
        }
        return {"organizations": [organization | more]}

    def number_entry(self, phone_number_id: str, **more: Any) -> dict[str, Any]:
        """A number as apply takes it."""
        entry = {"phone_number_id": phone_number_id, "display_phone_number": f"+{phone_number_id}", "app": self.app}
        return entry | {"access_token": self.access_token} | more

    def apply(self, document: Mapping[str, Any]) -> str:
        """Provision; what the command says. Raises CommandFailed."""
        file = self.house.data.parent / f"{self.app}.json"
        file.write_text(json.dumps(document))
        return self.house.pytake("apply", str(file))

    def post(self, content: bytes, *, secret: str = "") -> httpx.Response:
        """Post a webhook body, signed by this shop's app unless another secret is given."""
        headers = webhooks.signed(content, secret or self.secret)
        return self.house.web.post(f"{self.house.http}{webhooks.PATH}/{self.app}", content=content, headers=headers)

    def deliver(self, content: bytes) -> None:
        """Post a webhook body that must be taken."""
        answer = self.post(content)
        assert (answer.status_code, answer.json()) == (200, {"status": "received"})

    def hear(self, person: Person, *messages: Element, number: str = "") -> None:
        """Deliver messages of one person in one POST and wait until they have had all their effects."""
        self.deliver(webhooks.body([webhooks.change(number or self.number, [person], messages=messages)]))
        self.house.settle()

    def deliver_change(self, people: Iterable[Person], messages: Iterable[Element]) -> None:
        """Deliver messages of several people in one change and wait until they have had all their effects."""
        self.deliver(webhooks.body([webhooks.change(self.number, people, messages=messages)]))
        self.house.settle()

    def hear_text(self, person: Person, *lines: str, number: str = "") -> None:
        """Deliver texts of one person, each in a POST of its own."""
        for line in lines:
            self.hear(person, webhooks.text(person, line), number=number)

    def sent_to(self, person: Person, *, number: str = "") -> list[dict[str, Any]]:
        """The ledger's entries for a person: what Meta accepted, in order."""
        query = {"phone_number_id": number or self.number, "to": person.key}
        entries: list[dict[str, Any]] = self.house.web.get(f"{self.house.meta}/_sim/ledger", params=query).json()[
            "messages"
        ]
        return entries

    def replies(self, person: Person, *, number: str = "") -> list[str]:
        """The texts a person was sent."""
        return [_words(entry["body"]) for entry in self.sent_to(person, number=number)]

    def token(self, role: str = "org_admin") -> str:
        """A token for this organization."""
        return self.house.pytake("token", "--organization", self.name, "--role", role).strip()

    def ask(
        self, method: str, path: str, *, token: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Call the REST API; without a token as nobody."""
        sent = {**(headers or {})} | ({"Authorization": f"Bearer {token}"} if token else {})
        return self.house.web.request(method, f"{self.house.http}/api/v1{path}", headers=sent, **more)

    def conversation(self, person: Person, *, token: str) -> dict[str, Any]:
        """The person's conversation as REST shows it."""
        answer = self.ask("GET", f"/conversations/{person.wa_id}", token=token)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def flow_of(name: str) -> Element:
    """A flow from tests/data/journeys."""
    flow: Element = json.loads((FLOWS / f"{name}.json").read_text())
    return flow


def sign(words: str) -> Element:
    """A flow that says one thing and ends."""
    return {
        "schema": "pytake.flow/1",
        "name": "sign",
        "nodes": [
            {"id": "start", "type": "start", "data": {}},
            {"id": "end", "type": "end", "data": {"content": words}},
        ],
        "edges": [{"id": "e", "source": "start", "target": "end"}],
    }


def _words(sent: Mapping[str, Any]) -> str:
    """The text of a message as it went to Meta."""
    kind = sent["type"]
    return str(sent[kind]["body"]["text"] if kind == "interactive" else sent[kind]["body"])


def texts(person: Person, lines: Iterable[str]) -> list[Element]:
    """Text messages of one person, in order."""
    return [webhooks.text(person, line) for line in lines]
