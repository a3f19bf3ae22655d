"""The Graph API's paths of files: upload, look up, fetch, delete."""

from aiohttp import BodyPartReader, web

from .answers import json_answer
from .media import LARGEST_UPLOAD, KeptFile
from .plans import BusinessNumber
from .refusals import ErrorKind, GraphError
from .simulator import SimulatedMeta

LINKS = "/media"
_PIECE = 64 * 1024
_LONGEST_FIELD = 1024


async def upload(meta: SimulatedMeta, number: BusinessNumber, request: web.Request) -> web.StreamResponse:
    """POST /{PHONE_NUMBER_ID}/media, a form of several parts: messaging_product, type, file."""
    if not request.content_type.startswith("multipart/"):
        raise GraphError(ErrorKind.INVALID_PARAMETER, "The parameter messaging_product is required.")
    fields, file = await _read_form(request)
    if fields.get("messaging_product") != "whatsapp":
        raise GraphError(ErrorKind.INVALID_PARAMETER, "The parameter messaging_product is required.")
    if file is None:
        raise GraphError(ErrorKind.INVALID_PARAMETER, "The parameter file is required.")
    mime_type, content = file
    return json_answer({"id": meta.shelf.upload(number.phone_number_id, mime_type, content).media_id})


def look_up(meta: SimulatedMeta, file: KeptFile, request: web.Request) -> web.StreamResponse:
    """GET /{MEDIA_ID}: where the file can be fetched, and what it is."""
    return json_answer(
        {
            "messaging_product": "whatsapp",
            "url": f"{request.scheme}://{request.host}{LINKS}/{meta.shelf.link_to(file.media_id)}",
            "mime_type": file.mime_type,
            "sha256": file.sha256,
            "file_size": len(file.content),
            "id": file.media_id,
        }
    )


async def fetch(meta: SimulatedMeta, token: str, request: web.Request) -> web.StreamResponse:
    """GET of such an address: the file, for who holds a token of its number."""
    file = meta.shelf.fetch(request.match_info["secret"])
    if file is None:
        return web.Response(status=404)
    if not may_see(meta, file, token):
        return web.Response(status=401)
    return web.Response(body=file.content, headers={"Content-Type": file.mime_type})


def may_see(meta: SimulatedMeta, file: KeptFile, token: str) -> bool:
    """Whether the token is one of the file's number."""
    number = meta.numbers.get(file.phone_number_id)
    return number is not None and token in number.access_tokens


async def _read_form(request: web.Request) -> tuple[dict[str, str], tuple[str, bytes] | None]:
    fields: dict[str, str] = {}
    file: tuple[str, bytes] | None = None
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise GraphError(ErrorKind.INVALID_PARAMETER, "A part of the form holds parts itself.")
        if part.name == "file":
            file = part.headers.get("Content-Type", "application/octet-stream"), await _read(part, LARGEST_UPLOAD)
        else:
            fields[part.name or ""] = (await _read(part, _LONGEST_FIELD)).decode(errors="replace")
    return fields, file


async def _read(part: BodyPartReader, most: int) -> bytes:
    content = bytearray()
    while piece := await part.read_chunk(_PIECE):
        content += piece
        if len(content) > most:
            raise GraphError(ErrorKind.UPLOAD_FAILED, f"A part of the form has more than {most} bytes.")
    return bytes(content)
