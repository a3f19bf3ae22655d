"""How large calls and answers may be (decision 0022). gRPC's own default is what most callers' libraries take."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from services.chassis.errors import InvalidArgument

MOST_MESSAGE_BYTES = 4 * 1024 * 1024
# What a list may hold, with room for what surrounds it.
MOST_LISTED_BYTES = 3 * 1024 * 1024
# A batch of relays is cut by bytes long before; whoever sends more entries means no good.
MOST_ENTRIES = 20_000
# The longest text a caller names anything by is a message's, of 4,096 characters; flows are bytes.
MOST_TEXT = 65_536

Listed = TypeVar("Listed", bound=Message)


def fitting(messages: Iterable[Listed], *, most_bytes: int = MOST_LISTED_BYTES) -> list[Listed]:
    """The first of the messages that fit into one answer; always at least one, if there is any."""
    chosen: list[Listed] = []
    left = most_bytes
    for message in messages:
        left -= message.ByteSize()
        if left < 0 and chosen:
            break
        chosen.append(message)
    return chosen


def refuse_oversized(request: Message) -> None:
    """Raise InvalidArgument when a list or a text of the request itself is larger than any caller needs.

    Texts inside the entries of a list are the business of who reads them: one bad entry costs the others nothing.
    """
    lists, texts = _parts_of(request.DESCRIPTOR)
    for name in lists:
        count = len(getattr(request, name))
        if count > MOST_ENTRIES:
            raise InvalidArgument(f"{name} has {count} entries; send at most {MOST_ENTRIES}")
    for name in texts:
        length = len(getattr(request, name))
        if length > MOST_TEXT:
            raise InvalidArgument(f"{name} has {length} characters; send at most {MOST_TEXT}")


@lru_cache(maxsize=512)
def _parts_of(descriptor: Descriptor) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lists = tuple(field.name for field in descriptor.fields if field.is_repeated)
    texts = (field for field in descriptor.fields if field.type == FieldDescriptor.TYPE_STRING)
    return lists, tuple(field.name for field in texts if field.name not in lists)
