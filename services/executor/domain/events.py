"""What can happen to a conversation: a message, a timer, a start on behalf of another flow."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.executor.domain.json_value import Json, storable


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a contact sent. A tap on a button or list row has `reply_id` and `reply_title`; media may have a caption."""

    text: str | None = None
    kind: str = "text"
    reply_id: str | None = None
    reply_title: str | None = None
    caption: str | None = None

    def spoken(self) -> str:
        """The words of the message: text, caption, or the title or id of what was tapped; trimmed, maybe empty."""
        for words in (self.text, self.caption, self.reply_title, self.reply_id):
            said = storable(words).strip() if words else ""
            if said:
                return said
        return ""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A durable timer ran out; `name` is the handle it opens on the waiting node, such as `no_reply`."""

    name: str = "no_reply"


@dataclass(frozen=True, slots=True)
class FlowStarted:
    """Begin this flow without a message, as after a jump from another; `variables` come on top of its own."""

    variables: Mapping[str, Json] = field(default_factory=dict)


Event = InboundMessage | TimerFired | FlowStarted
