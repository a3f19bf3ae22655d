"""Files that a content names by their ids here."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import Message

from services.pb.common.v1 import content_pb2


def uploads_in(message: Message) -> Iterator[content_pb2.Media]:
    """Every file of a content that is named by its id here."""
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for part in value if field.is_repeated else (value,):
            if not isinstance(part, content_pb2.Media):
                yield from uploads_in(part)
            elif part.WhichOneof("source") == "upload":
                yield part
