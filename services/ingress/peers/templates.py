"""sender's templates, as the REST API sees them."""

from __future__ import annotations

from datetime import UTC
from uuid import UUID

import orjson

from services.chassis.rpc import Peer
from services.ingress.domain.templates import Reading, Template
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

# A person waits for it.
_SECONDS = 3.0
# Sender asks Meta, which takes its time.
_META_SECONDS = 60.0


class GrpcTemplates:
    """See ports.Templates."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._templates = peer.stub(sender_pb2_grpc.TemplatesStub)

    async def listed(self, *, organization_id: UUID, phone_number_id: str) -> list[Template]:
        """See ports.Templates."""
        request = sender_pb2.ListTemplatesRequest(organization_id=str(organization_id), phone_number_id=phone_number_id)
        found: list[Template] = []
        while True:
            response = await self._peer.call(self._templates.ListTemplates, request, seconds=_SECONDS)
            found += [_template(each) for each in response.templates]
            if not response.cursor:
                return found
            request.cursor = response.cursor

    async def sync(self, *, organization_id: UUID, phone_number_id: str) -> Reading:
        """See ports.Templates."""
        request = sender_pb2.SyncTemplatesRequest(organization_id=str(organization_id), phone_number_id=phone_number_id)
        response = await self._peer.call(self._templates.SyncTemplates, request, seconds=_META_SECONDS)
        return Reading(response.found, response.changed, response.removed)

    async def create(
        self, *, organization_id: UUID, phone_number_id: str, name: str, language: str, category: str, components: bytes
    ) -> Template:
        """See ports.Templates."""
        request = sender_pb2.CreateTemplateRequest(
            organization_id=str(organization_id),
            phone_number_id=phone_number_id,
            name=name,
            language=language,
            category=category,
            components=components,
        )
        response = await self._peer.call(self._templates.CreateTemplate, request, seconds=_META_SECONDS)
        return _template(response.template)

    async def delete(self, *, organization_id: UUID, phone_number_id: str, name: str, language: str) -> int:
        """See ports.Templates."""
        request = sender_pb2.DeleteTemplateRequest(
            organization_id=str(organization_id), phone_number_id=phone_number_id, name=name, language=language
        )
        response = await self._peer.call(self._templates.DeleteTemplate, request, seconds=_META_SECONDS)
        return int(response.deleted)


def _template(told: sender_pb2.Template) -> Template:
    return Template(
        id=told.template_id,
        name=told.name,
        language=told.language,
        category=told.category,
        status=told.status,
        quality=told.quality,
        reason=told.reason,
        components=orjson.loads(told.components) if told.components else (),
        synced_at=told.synced_at.ToDatetime(UTC) if told.HasField("synced_at") else None,
    )
