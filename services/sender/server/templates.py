"""Templates: listed, read from Meta, made and deleted there."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.rpc.pages import page_within
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.domain.templates import Shape, Template, shape_of_text
from services.sender.server.reading import read_id
from services.sender.usecases.templates import KeepTemplates


class TemplatesServer(sender_pb2_grpc.TemplatesServicer):
    """Message templates of the organization's accounts."""

    def __init__(self, templates: KeepTemplates) -> None:
        self._templates = templates

    async def ListTemplates(
        self, request: sender_pb2.ListTemplatesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ListTemplatesResponse:
        """Lists the templates that sender knows."""
        listing = await self._templates.listing(
            organization_id=read_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            known_digest=request.known_digest,
        )
        templates, cursor = page_within(
            () if listing.is_unchanged else listing.kept.templates,
            _written,
            lambda template: (template.name, template.language, template.waba_id),
            limit=request.limit,
            cursor=request.cursor,
        )
        return sender_pb2.ListTemplatesResponse(
            templates=templates,
            cursor=cursor,
            digest=listing.digest,
            is_unchanged=listing.is_unchanged,
            is_synced=listing.kept.is_synced,
        )

    async def SyncTemplates(
        self, request: sender_pb2.SyncTemplatesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.SyncTemplatesResponse:
        """Reads all templates of a number's account from Meta."""
        reading = await self._templates.sync(
            organization_id=read_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
        )
        return sender_pb2.SyncTemplatesResponse(found=reading.found, changed=reading.changed, removed=reading.removed)

    async def CreateTemplate(
        self, request: sender_pb2.CreateTemplateRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.CreateTemplateResponse:
        """Creates a template at Meta."""
        made = await self._templates.create(
            organization_id=read_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            name=request.name,
            language=request.language,
            category=request.category,
            components=request.components,
        )
        return sender_pb2.CreateTemplateResponse(template=_written(made))

    async def DeleteTemplate(
        self, request: sender_pb2.DeleteTemplateRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.DeleteTemplateResponse:
        """Deletes a template at Meta."""
        deleted = await self._templates.delete(
            organization_id=read_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            name=request.name,
            language=request.language,
        )
        return sender_pb2.DeleteTemplateResponse(deleted=deleted)


def _written(template: Template) -> sender_pb2.Template:
    synced_at = None
    if template.synced_at is not None:
        synced_at = Timestamp()
        synced_at.FromDatetime(template.synced_at)
    return sender_pb2.Template(
        name=template.name,
        language=template.language,
        waba_id=template.waba_id,
        template_id=template.template_id,
        category=template.category,
        status=template.status,
        quality=template.quality,
        reason=template.reason,
        shape=_shape(shape_of_text(template.components)) if template.components else None,
        components=template.components.encode(),
        synced_at=synced_at,
    )


def _shape(shape: Shape) -> sender_pb2.TemplateShape:
    has_names = any(not name.isdigit() for name in shape.body_names)
    header_name = next((name for name in shape.header_names if not name.isdigit()), "")
    return sender_pb2.TemplateShape(
        header=shape.header,
        header_values=len(shape.header_names),
        body_values=0 if has_names else len(shape.body_names),
        body_names=shape.body_names if has_names else (),
        header_name=header_name,
        is_body_known=shape.is_body_known,
        buttons=[
            sender_pb2.TemplateButton(type=each.type, text=each.text, needs_value=each.needs_value)
            for each in shape.buttons
        ],
        cards=[_shape(card) for card in shape.cards],
    )
