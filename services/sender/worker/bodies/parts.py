"""What bodies of several families are made of."""

from __future__ import annotations

from typing import Protocol, TypeAlias
from uuid import UUID

import orjson

from services.pb.common.v1 import content_pb2

Json: TypeAlias = dict[str, object]

_KINDS: dict[int, str] = {
    content_pb2.MEDIA_KIND_IMAGE: "image",
    content_pb2.MEDIA_KIND_VIDEO: "video",
    content_pb2.MEDIA_KIND_AUDIO: "audio",
    content_pb2.MEDIA_KIND_DOCUMENT: "document",
    content_pb2.MEDIA_KIND_STICKER: "sticker",
}


class BodyRefused(Exception):
    """Meta would refuse this message for good; the text says which field, what is wrong with it, and the mend."""


class Framed(Protocol):
    """Content with a text between two lines that may be left out."""

    @property
    def body(self) -> str:
        """The text."""

    @property
    def header(self) -> str:
        """The line above."""

    @property
    def footer(self) -> str:
        """The line below."""


class FramedWithMedia(Framed, Protocol):
    """The same; a file may take the place of the line above."""

    @property
    def header_media(self) -> content_pb2.Media:
        """The file."""


def interactive(inner: Json) -> Json:
    """An interactive message's own part of a body."""
    return {"type": "interactive", "interactive": inner}


def frame(kind: str, content: Framed) -> Json:
    """Header, body and footer; only those that are set."""
    inner: Json = {"type": kind}
    if content.header:
        inner["header"] = {"type": "text", "text": content.header}
    return inner | bare_frame(content.body, content.footer)


def frame_with_media(kind: str, content: FramedWithMedia) -> Json:
    """The same for content whose header may be a file. Raises BodyRefused when it has two."""
    inner = frame(kind, content)
    media = content.header_media
    if media.WhichOneof("source") is None:
        return inner
    if content.header:
        raise BodyRefused("interactive.header is given as words and as a file, Meta takes one; leave the other out")
    return inner | {"header": media_header(media)}


def bare_frame(body: str, footer: str = "") -> Json:
    """Body and footer."""
    inner: Json = {"body": {"text": body}}
    if footer:
        inner["footer"] = {"text": footer}
    return inner


def media_header(media: content_pb2.Media) -> Json:
    """A file as a header."""
    kind = media_kind(media)
    return {"type": kind, kind: media_source(media)}


def media_kind(media: content_pb2.Media) -> str:
    """Meta's word for what a file is shown as. Raises BodyRefused."""
    kind = _KINDS.get(media.kind)
    if kind is None:
        raise BodyRefused("media.kind is not set; say whether it is an image, video, audio, document or sticker")
    return kind


def media_source(media: content_pb2.Media) -> Json:
    """Where a file is, and a document's name."""
    source: Json = {}
    match media.WhichOneof("source"):
        case "id":
            source["id"] = media.id
        case "link":
            source["link"] = media.link
        case "upload":
            # The place of Meta's id, which worker.files puts here before the call.
            source["id"] = _file_id(media.upload)
    if media.filename and media.kind == content_pb2.MEDIA_KIND_DOCUMENT:
        source["filename"] = media.filename
    return source


def _file_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BodyRefused("media.upload is no UUID; give the media_id of a file that was uploaded") from None


def filled(**fields: object) -> Json:
    """The fields that are not empty."""
    return {name: value for name, value in fields.items() if value}


def json_object(raw: bytes, field: str) -> Json:
    """A JSON object given as bytes. Raises BodyRefused."""
    value = _json(raw, field)
    if not isinstance(value, dict):
        raise BodyRefused(f"{field} is no JSON object; write it as {{…}}")
    return value


def json_objects(raw: bytes, field: str) -> list[Json]:
    """A JSON array of objects given as bytes. Raises BodyRefused."""
    value = _json(raw, field)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BodyRefused(f"{field} is no JSON array of objects; write it as [{{…}}, …]")
    return value


def _json(raw: bytes, field: str) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BodyRefused(f"{field} is no JSON ({error}); correct it") from None
