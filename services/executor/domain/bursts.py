"""Several messages in a row as one answer."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from services.executor.domain.events import InboundMessage
from services.executor.domain.json_value import Json, text_at

# Somebody who writes more than this without a pause is answered without waiting for one.
MOST_MESSAGES: Final = 50
MOST_CHARACTERS: Final = 16 * 1024


def is_full(gathered: Sequence[Mapping[str, Json]]) -> bool:
    """Whether no more should be gathered."""
    return len(gathered) >= MOST_MESSAGES or sum(len(text_at(one, "text")) for one in gathered) >= MOST_CHARACTERS


def one_of(gathered: Sequence[Mapping[str, Json]], policy: Literal["join", "latest"]) -> InboundMessage:
    """The last message, or all their words as one text, a line each; media keep their own last message."""
    messages = [InboundMessage.from_json(message) for message in gathered]
    last = messages[-1]
    if policy == "latest" or len(messages) == 1:
        return last
    text = "\n".join(said for said in (message.spoken() for message in messages) if said)
    kept = next((message for message in reversed(messages) if message.details), last)
    return InboundMessage(text=text, kind=kept.kind, details=kept.details)
