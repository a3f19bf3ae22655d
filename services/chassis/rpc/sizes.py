"""How large calls and answers may be (decision 0022). gRPC's own default is what most callers' libraries take."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from services.chassis.errors import InvalidArgument

MOST_MESSAGE_BYTES = 4 * 1024 * 1024
# What a list may hold, with room for what surrounds it.
MOST_LISTED_BYTES = 3 * 1024 * 1024
# A batch of relays is cut by bytes long before; whoever sends more entries means no good.
MOST_ENTRIES = 20_000

Listed = TypeVar("Listed", bound=Message)


def fitting(messages: Iterable[Listed]) -> list[Listed]:
    """The first of the messages that fit into one answer; always at least one, if there is any."""
    chosen: list[Listed] = []
    left = MOST_LISTED_BYTES
    for message in messages:
        left -= message.ByteSize()
        if left < 0 and chosen:
            break
        chosen.append(message)
    return chosen


def refuse_long_lists(request: Message) -> None:
    """Raise InvalidArgument when a list of the request has more entries than any caller needs."""
    for name in _lists_of(request.DESCRIPTOR):
        count = len(getattr(request, name))
        if count > MOST_ENTRIES:
            raise InvalidArgument(f"{name} has {count} entries; send at most {MOST_ENTRIES}")


@lru_cache(maxsize=512)
def _lists_of(descriptor: Descriptor) -> tuple[str, ...]:
    return tuple(field.name for field in descriptor.fields if field.is_repeated)
