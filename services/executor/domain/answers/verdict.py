"""What becomes of an answer."""

from collections.abc import Callable
from dataclasses import dataclass

from services.executor.domain.events import InboundMessage
from services.executor.domain.json_value import Json


@dataclass(frozen=True, slots=True)
class Accepted:
    """A good answer: the value to store, the handles it opens (best first), and the option chosen, if any."""

    value: Json
    handles: tuple[str, ...] = ()
    selected: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A wrong answer; `code` names the reason and the default error text."""

    code: str


Verdict = Accepted | Rejected
Judge = Callable[[InboundMessage], Verdict]
