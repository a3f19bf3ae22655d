"""What requests about flows and about their versions have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Header, Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from services.chassis.errors import InvalidArgument
from services.ingress.http.problems import Refusal

LARGEST: Final = 2**31 - 1
NO_FLOW: Final = "No flow has this id: FLOW_NOT_FOUND"
NO_VERSION: Final = "The flow has no such version: FLOW_VERSION_NOT_FOUND; no flow has this id: FLOW_NOT_FOUND"
NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "You have it: If-None-Match names it"}}
CHANGED: Final = "The draft is not the one that If-Match names: FLOW_CHANGED"
# A sentence on a field begins with its name.
_FIELD: Final = re.compile(r"(document|moves|name|note|version)(?:: | )")

Skip = Annotated[int, Query(ge=0, le=LARGEST, description="How many to leave out.")]
OfDraft = Annotated[int, Query(ge=0, le=LARGEST, description="A version; left out, the draft.")]
OfPublished = Annotated[int, Query(ge=0, le=LARGEST, description="A version; left out, the published one.")]
IfMatch = Annotated[
    str | None,
    Header(max_length=100, description="The ETag of the draft that was read; another draft is refused with 412."),
]

IfNoneMatch = Annotated[
    str | None,
    Header(max_length=1000, description="ETags of what you have; when it is still so, the answer is 304 without it."),
]


class TellsFields(APIRoute):
    """What executor says of a field is told as that field's."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with that."""
        handle = super().get_route_handler()

        async def telling(request: Request) -> Response:
            try:
                return await handle(request)
            except InvalidArgument as error:
                field = _FIELD.match(error.sentence)
                if field is None:
                    raise
                errors = [{"field": field[1], "message": error.sentence[field.end() :]}]
                raise Refusal(422, error.sentence, "VALIDATION_ERROR", errors=errors) from None

        return telling


def tagged(digest: str) -> dict[str, str]:
    """The header that names a document."""
    return {"etag": f'"{digest}"'}


def is_had(if_none_match: str | None, digest: str) -> bool:
    """Whether the client has this document already (RFC 9110, section 13.1.2: compared weakly)."""
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in tags or f'"{digest}"' in tags


def not_modified(digest: str) -> Response:
    """The answer to who has it already."""
    return Response(status_code=304, headers=tagged(digest))


def expected(if_match: str | None) -> str:
    """The digest that a tag names; any draft will do for `*`. What is no tag of ours fits no draft."""
    tag = (if_match or "*").strip()
    return "" if tag == "*" else tag.removeprefix("W/").strip('"') or "-"
