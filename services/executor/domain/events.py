"""What can happen to a conversation: a message, a timer, an effect's result, a failed delivery, a person's hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.executor.domain.json_value import Json, object_at, storable, text_at


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a contact sent. A tap on a button or list row has `reply_id` and `reply_title`; media may have a caption.

    `details` is what a kind brings besides words: of a location latitude, longitude, name and address; of media
    media_id, mime_type and filename; of an order catalog_id and items; of a form its answers.
    """

    text: str | None = None
    kind: str = "text"
    reply_id: str | None = None
    reply_title: str | None = None
    caption: str | None = None
    details: Mapping[str, Json] = field(default_factory=dict)

    def spoken(self) -> str:
        """The words of the message: text, caption, or the title or id of what was tapped; trimmed, maybe empty."""
        for words in (self.text, self.caption, self.reply_title, self.reply_id):
            said = storable(words).strip() if words else ""
            if said:
                return said
        return ""

    def to_json(self) -> dict[str, Json]:
        """The JSON form in which a session keeps a message that is not used yet."""
        words = {name: getattr(self, name) for name in ("text", "reply_id", "reply_title", "caption")}
        said: dict[str, Json] = {name: storable(word) for name, word in words.items() if word is not None}
        return {"kind": self.kind, **said, **({"details": dict(self.details)} if self.details else {})}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "InboundMessage":
        """Read the JSON form."""
        words = {name: text_at(value, name) or None for name in ("text", "reply_id", "reply_title", "caption")}
        return cls(kind=text_at(value, "kind") or "text", details=object_at(value, "details"), **words)


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A durable timer ran out; `name` is its kind, such as `no_reply`, `delay` or `burst`.

    `due_us` is the moment it was set for, in microseconds since 1970: a session whose timer was moved or dropped
    meanwhile does not take it. None takes it in any case.
    """

    name: str = "no_reply"
    due_us: int | None = None


@dataclass(frozen=True, slots=True)
class EffectDone:
    """A call outside came to an end. `status` is HTTP's, 0 without an answer; `body` is JSON, or the answer's text."""

    effect_id: str
    outcome: Literal["ok", "failed", "timeout"]
    status: int = 0
    body: Json = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """A message that a node said did not arrive; `code` is Meta's, 0 when there is none."""

    node_id: str
    code: int


@dataclass(frozen=True, slots=True)
class Released:
    """The people who had the conversation gave it back; `no_agent` when nobody took it."""

    outcome: Literal["released", "no_agent"] = "released"


@dataclass(frozen=True, slots=True)
class Taken:
    """A person took the conversation: the bot is silent until it is released."""


@dataclass(frozen=True, slots=True)
class FlowStarted:
    """Begin this flow without a message, as after a jump from another; `variables` come on top of its own."""

    variables: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Returned:
    """The flow that this one called has ended; `variables` are what it ended with."""

    variables: Mapping[str, Json] = field(default_factory=dict)


Event = InboundMessage | TimerFired | EffectDone | DeliveryFailed | Released | Taken | FlowStarted | Returned
