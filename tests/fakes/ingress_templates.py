"""sender's templates as the REST API meets them: in memory, one account."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from uuid import UUID

from services.chassis.errors import NotFound
from services.ingress.domain.templates import Reading, Template
from services.pb.common.v1 import errors_pb2


@dataclass(slots=True)
class ScriptedTemplates:
    """ports.Templates; what was asked is kept."""

    kept: list[Template] = field(default_factory=list)
    asked: list[tuple[str, UUID, str]] = field(default_factory=list)

    async def listed(self, *, organization_id: UUID, phone_number_id: str) -> list[Template]:
        self.asked.append(("list", organization_id, phone_number_id))
        return self.kept

    async def sync(self, *, organization_id: UUID, phone_number_id: str) -> Reading:
        self.asked.append(("sync", organization_id, phone_number_id))
        return Reading(len(self.kept), 1, 0)

    async def create(
        self, *, organization_id: UUID, phone_number_id: str, name: str, language: str, category: str, components: bytes
    ) -> Template:
        self.asked.append(("create", organization_id, phone_number_id))
        made = Template(
            id="77", name=name, language=language, category=category, status="PENDING", quality="", reason="",
            components=json.loads(components), synced_at=None,
        )  # fmt: skip
        self.kept.append(made)
        return made

    async def delete(self, *, organization_id: UUID, phone_number_id: str, name: str, language: str) -> int:
        self.asked.append(("delete", organization_id, phone_number_id))
        gone = [each for each in self.kept if each.name == name and language in ("", each.language)]
        if not gone:
            raise NotFound("no such template", reason=errors_pb2.ERROR_REASON_TEMPLATE_NOT_FOUND)
        self.kept = [each for each in self.kept if each not in gone]
        return len(gone)
