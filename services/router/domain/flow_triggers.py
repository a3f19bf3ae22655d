"""What published flows start by: as executor tells it, as it is stored, and within which bounds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args
from uuid import UUID

TriggerKind = Literal["keyword", "template_button", "referral", "any"]
TriggerMatch = Literal["exact", "starts_with", "contains", "regex"]

# Of all flows of an organization: each word may be compared with each message, and each pattern takes memory.
MOST_WORDS = 5_000
MOST_PATTERNS = 100

_LISTS = ("keywords", "payloads", "texts", "source_ids", "source_types", "phone_number_ids")


@dataclass(frozen=True, slots=True)
class FlowTrigger:
    """One way to start a flow; a list that is empty asks for nothing (router.v1.FlowTrigger).

    `keywords` are RE2 patterns when `match` is regex.
    """

    kind: TriggerKind
    match: TriggerMatch = "exact"
    keywords: tuple[str, ...] = ()
    payloads: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    source_ids: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    phone_number_ids: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How much there is to compare, 1 for a trigger that compares nothing."""
        return max(1, sum(len(getattr(self, name)) for name in _LISTS))

    @property
    def patterns(self) -> int:
        """How many regular expressions it has."""
        return len(self.keywords) if self.match == "regex" else 0


@dataclass(frozen=True, slots=True)
class FlowTriggers:
    """What starts a flow; of two the one with the higher `sequence` holds. `published_at_us` is since 1970."""

    flow_id: UUID
    sequence: int
    published_at_us: int
    triggers: tuple[FlowTrigger, ...] = ()


def excess_of(flows: Iterable[FlowTriggers]) -> str | None:
    """Why these are too many for one organization, as a sentence; None when they are not."""
    triggers = [trigger for flow in flows for trigger in flow.triggers]
    words, patterns = sum(each.words for each in triggers), sum(each.patterns for each in triggers)
    if words > MOST_WORDS:
        return f"the organization's published flows have {words} words in their triggers; {MOST_WORDS} are allowed"
    if patterns > MOST_PATTERNS:
        return f"the organization's published flows have {patterns} patterns in triggers; {MOST_PATTERNS} are allowed"
    return None


def triggers_as_text(triggers: Sequence[FlowTrigger]) -> str:
    """What `triggers_in` reads."""
    return json.dumps([asdict(trigger) for trigger in triggers], ensure_ascii=False)


def triggers_in(text: str) -> tuple[FlowTrigger, ...]:
    """Triggers as they are stored; what a later version stored and this one does not know is passed over."""
    return tuple(
        FlowTrigger(each["kind"], each["match"], *(tuple(each[name]) for name in _LISTS))
        for each in json.loads(text)
        if each["kind"] in get_args(TriggerKind) and each["match"] in get_args(TriggerMatch)
    )
