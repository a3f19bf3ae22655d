"""What requests about contacts, conversations and settings have in common."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from services.chassis.errors import InvalidArgument
from services.ingress.domain.people import UNCHANGED, Unchanged
from services.ingress.http.problems import Refusal, told_field
from services.ingress.http.rest.rules import NO_NUL

# What router calls otherwise.
_RENAMED: Final = {"add_tags": "add", "remove_tags": "remove", "chatbot_id": "default_chatbot_id", "contact": "phone"}

Limit = Annotated[int, Query(ge=1, le=500, description="How many to give.")]
Cursor = Annotated[str, Query(max_length=100, description="`next` of the page before; left out, the first page.")]
Words = Annotated[str, Field(max_length=100)]
Tag = Annotated[str, Field(min_length=1, max_length=512, examples=["vip"], json_schema_extra=NO_NUL)]


class TagsChange(BaseModel):
    """Tags to put on and to take off."""

    add: list[Tag] = Field(default=[], max_length=100, examples=[["vip"]])
    remove: list[Tag] = Field(default=[], max_length=100, examples=[[]])


class TellsFields(APIRoute):
    """What router says of a field is told as that field's."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with that."""
        handle = super().get_route_handler()

        async def telling(request: Request) -> Response:
            try:
                return await handle(request)
            except InvalidArgument as error:
                told = told_field(error.sentence)
                name = told["field"].partition("[")[0].removeprefix("messages.0.")
                errors = [{"field": _RENAMED.get(name, name), "message": told["message"]}]
                raise Refusal(422, error.sentence, "VALIDATION_ERROR", errors=errors) from None

        return telling


def given(model: BaseModel, name: str) -> Any:
    """A field of a body as it was given; UNCHANGED when it was not."""
    return getattr(model, name) if name in model.model_fields_set else UNCHANGED


def given_id(model: BaseModel, name: str) -> UUID | Unchanged | None:
    """The same of an id; null takes it away."""
    value: UUID | Unchanged | None = given(model, name)
    return value
