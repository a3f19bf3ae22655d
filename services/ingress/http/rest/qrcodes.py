"""/api/v1/whatsapp/{id}/qrcode: what people scan to write to a business number."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Annotated, Literal

import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from segno.encoder import DataOverflowError

from services.ingress.domain.click_to_chat import click_to_chat
from services.ingress.domain.people import NumberView
from services.ingress.http.problems import Refusal
from services.ingress.http.rest.auth import NumberReader
from services.ingress.http.rest.people_requests import TellsFields
from services.ingress.http.rest.refusals import Documented, refusals
from services.ingress.http.rest.settings import NumberId
from services.ingress.ports.people import Settings

Form = Literal["svg", "png", "json"]

_MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
_PIXELS_PER_MODULE = 8
_NO_PHONE = "It is not known how the number is dialled: NUMBER_WITHOUT_PHONE"
_LINK = "https://wa.me/551133334444?text=Oi"


class ClickToChat(BaseModel):
    """A link that opens a chat with a number."""

    phone_number_id: str = Field(examples=["106540352242922"])
    display_phone_number: str = Field(examples=["+55 11 3333-4444"])
    text: str = Field(description="What is typed for whoever opens it.", examples=["Oi"])
    link: str = Field(examples=[_LINK])


_ANSWERS: Documented = {
    200: {
        "description": "The QR code as an image, or its link",
        "model": ClickToChat,
        "content": {media_type: {"schema": {"type": "string"}} for media_type in _MEDIA_TYPES.values()},
    }
}


class _Endpoints:
    """QR codes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def read(
        self,
        request: Request,
        organization_id: NumberReader,
        number_id: NumberId,
        text: Annotated[
            str,
            Query(
                max_length=700, pattern=r"^[^\x00]*$", description="What is typed for whoever scans it; may be empty."
            ),
        ] = "",
        form: Annotated[
            Form | None, Query(alias="format", description="Left out: as Accept says, svg if it says nothing.")
        ] = None,
    ) -> Response:
        """The QR code of a link that opens a chat with a number; as JSON the link. Permission: whatsapp:read."""
        number = await self._settings.number(organization_id=organization_id, phone_number_id=number_id)
        link = _link_of(number, text)
        chosen = form or _wanted(request.headers.get("accept", ""))
        if chosen == "json":
            told = ClickToChat(
                phone_number_id=number.phone_number_id,
                display_phone_number=number.display_phone_number,
                text=text,
                link=link,
            )
            return JSONResponse(told.model_dump(), headers=_HEADERS)
        # A large code takes a tenth of a second to compute.
        image = await asyncio.to_thread(_drawn, link, chosen)
        return Response(image, media_type=_MEDIA_TYPES[chosen], headers=_HEADERS)


_HEADERS = {"vary": "accept"}


def qrcode_routes(settings: Settings) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(settings)
    routes = APIRouter(prefix="/whatsapp", tags=["numbers"], route_class=TellsFields)
    routes.add_api_route(
        "/{id}/qrcode",
        endpoints.read,
        response_class=Response,
        summary="Get the QR code that opens a chat",
        responses=refusals(on_404="No number has this id: NUMBER_NOT_FOUND", on_409=_NO_PHONE) | _ANSWERS,
    )
    return routes


def _link_of(number: NumberView, text: str) -> str:
    try:
        return click_to_chat(number.display_phone_number, text)
    except ValueError:
        raise Refusal(
            409,
            "it is not known how the number is dialled; set its display_phone_number with the country code",
            "NUMBER_WITHOUT_PHONE",
        ) from None


def _wanted(accept: str) -> Form:
    """Of what the caller takes the first that there is, by the order in which it stands."""
    for taken in accept.split(","):
        media_type = taken.partition(";")[0].strip().lower()
        if media_type == "application/json":
            return "json"
        if media_type == "image/png":
            return "png"
        if media_type == "image/svg+xml":
            return "svg"
    return "svg"


def _drawn(link: str, form: Form) -> bytes:
    """The image. Raises Refusal for a link that no QR code holds."""
    try:
        # The smallest code that holds it, with as much repair as fits into that.
        code = segno.make(link, error="l", micro=False)
    except DataOverflowError:
        message = "is too long for a QR code once it is written as a link; shorten it"
        raise Refusal(
            422, f"text {message}", "VALIDATION_ERROR", errors=[{"field": "text", "message": message}]
        ) from None
    image = BytesIO()
    if form == "svg":
        code.save(image, kind="svg", scale=_PIXELS_PER_MODULE, light="#fff", xmldecl=False)
    else:
        code.save(image, kind="png", scale=_PIXELS_PER_MODULE)
    return image.getvalue()
