"""Two organizations that look alike: the same contacts, names and ids, wherever the house lets both have them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from uuid import UUID, uuid5

import orjson

from services.executor.usecases.flow_keeping import flow_id_of
from services.router.domain.identity import Identity, contact_id_of, conversation_id_of

NAMES = ("Um", "Dois")
PHONES = ("5511900000001", "5511900000002")
USERS = ("BR.0001", "BR.0002")
EVENTS = tuple(f"event-{number}" for number in range(20))
WAMIDS = tuple(f"wamid.{number}" for number in range(3))
_SPACE = UUID("5b3c4f0e-7d57-4c0c-8c07-6f3e8f0e5a11")
# Given by a caller, so that two organizations may well have the same.
CONVERSATIONS = tuple(uuid5(_SPACE, f"conversation {number}") for number in range(2))
MESSAGES = tuple(uuid5(_SPACE, f"message {number}") for number in range(4))
MEDIA = tuple(uuid5(_SPACE, f"file {number}") for number in range(2))
CONTACTS = tuple(uuid5(_SPACE, f"contact {number}") for number in range(2))
AGENTS = tuple(uuid5(_SPACE, f"agent {number}") for number in range(2))


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization. Its tag stands in every text that it gives, and in no other's."""

    organization_id: UUID
    tag: str
    numbers: tuple[str, str]

    def flow(self, name: str) -> UUID:
        return flow_id_of(self.organization_id, name)

    def chatbot(self, name: str) -> UUID:
        return uuid5(self.organization_id, f"chatbot:{name}")

    def contact(self, phone: str) -> UUID:
        """What router calls a contact."""
        return contact_id_of(Identity(self.organization_id, "wa_id", phone))

    def conversation(self, phone: str, number: str) -> UUID:
        """What router calls the conversation of a contact."""
        return conversation_id_of(self.contact(phone), number)

    def documents(self) -> list[bytes]:
        """Flows: one asks and remembers, one only answers."""
        start = {"id": "begin", "type": "start"}
        asking = [
            start,
            {"id": "who", "type": "question", "data": {
                "label": f"{self.tag}: quem fala?", "variableName": "nome", "validationType": "text",
            }},
            {"id": "bye", "type": "end", "data": {"content": f"{self.tag}: até já, {{{{nome}}}}"}},
        ]  # fmt: skip
        telling = [start, {"id": "bye", "type": "end", "data": {"content": f"{self.tag}: olá"}}]
        return [_flow("Pergunta", asking), _flow("Resposta", telling)]


def twins() -> tuple[Tenant, Tenant]:
    """A and B."""
    return (
        Tenant(uuid5(_SPACE, "A"), "tag-of-a", ("700000000000001", "700000000000002")),
        Tenant(uuid5(_SPACE, "B"), "tag-of-b", ("700000000000003", "700000000000004")),
    )


def _flow(name: str, nodes: list[dict[str, object]]) -> bytes:
    edges = [{"source": one["id"], "target": other["id"]} for one, other in itertools.pairwise(nodes)]
    return orjson.dumps({"name": name, "nodes": nodes, "edges": edges})
