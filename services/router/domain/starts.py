"""Which of the published flows a message starts, compiled for one number.

Order: an exact keyword, one at the beginning, one anywhere, a pattern, a template's button, a referral, any message.
Of two flows the one that was published last goes first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, assert_never
from uuid import UUID

from services.router.domain.flow_triggers import FlowTrigger, FlowTriggers
from services.router.domain.message import Message
from services.router.domain.patterns import LONGEST_TEXT, MOST_WORK, Pattern, compile_pattern
from services.router.domain.texts import normal

StartedBy = Literal["keyword", "template_button", "referral", "any"]


class Start(NamedTuple):
    """The flow that starts, and by what."""

    flow_id: UUID
    by: StartedBy


class _Buttons(NamedTuple):
    payloads: frozenset[str]
    texts: frozenset[str]
    flow_id: UUID


class _Sources(NamedTuple):
    ids: frozenset[str]
    types: frozenset[str]
    flow_id: UUID


@dataclass(slots=True)
class Starts:
    """Triggers in the order in which they count; filled once, then only read."""

    exact: dict[str, UUID] = field(default_factory=dict)
    beginnings: list[tuple[str, UUID]] = field(default_factory=list)
    parts: list[tuple[str, UUID]] = field(default_factory=list)
    patterns: list[tuple[Pattern, UUID]] = field(default_factory=list)
    buttons: list[_Buttons] = field(default_factory=list)
    sources: list[_Sources] = field(default_factory=list)
    any_flow_id: UUID | None = None

    def first(self, message: Message) -> Start | None:
        """What this message starts; None when no trigger fits."""
        if message.text:
            flow_id = self._by_text(message.text)
            if flow_id is not None:
                return Start(flow_id, "keyword")
        if self.buttons and message.button is not None:
            payload, text = message.button.payload, normal(message.button.text)
            for buttons in self.buttons:
                is_any = not buttons.payloads and not buttons.texts
                if is_any or payload in buttons.payloads or text in buttons.texts:
                    return Start(buttons.flow_id, "template_button")
        if self.sources and message.referral is not None:
            source_id, source_type = message.referral.source_id, normal(message.referral.source_type)
            for sources in self.sources:
                if _holds(sources.ids, source_id) and _holds(sources.types, source_type):
                    return Start(sources.flow_id, "referral")
        return Start(self.any_flow_id, "any") if self.any_flow_id is not None else None

    def _by_text(self, text: str) -> UUID | None:
        if self.exact or self.beginnings or self.parts:
            words = normal(text)
            if words in self.exact:
                return self.exact[words]
            for keyword, flow_id in self.beginnings:
                if words.startswith(keyword):
                    return flow_id
            for keyword, flow_id in self.parts:
                if keyword in words:
                    return flow_id
        return self._by_pattern(text.strip()) if self.patterns else None

    def _by_pattern(self, text: str) -> UUID | None:
        """The first pattern that is found, as long as searching stays cheap: others wait in the same process."""
        if len(text) > LONGEST_TEXT:
            return None
        left = MOST_WORK
        for pattern, flow_id in self.patterns:
            left -= pattern.work(text)
            if left < 0:
                return None
            if pattern.is_in(text):
                return flow_id
        return None

    def add(self, flow_id: UUID, trigger: FlowTrigger, patterns: Mapping[str, Pattern]) -> None:
        """Add a trigger after those of flows that go first; `patterns` are the compiled ones by their texts."""
        match trigger.kind:
            case "keyword" if trigger.match == "regex":
                self.patterns += [(patterns[text], flow_id) for text in trigger.keywords if text in patterns]
            case "keyword":
                self._add_keywords(flow_id, trigger)
            case "template_button":
                texts = frozenset(map(normal, trigger.texts))
                self.buttons.append(_Buttons(frozenset(trigger.payloads), texts, flow_id))
            case "referral":
                types = frozenset(map(normal, trigger.source_types))
                self.sources.append(_Sources(frozenset(trigger.source_ids), types, flow_id))
            case "any":
                self.any_flow_id = self.any_flow_id or flow_id
            case _:
                assert_never(trigger.kind)

    def _add_keywords(self, flow_id: UUID, trigger: FlowTrigger) -> None:
        for keyword in filter(None, map(normal, trigger.keywords)):
            if trigger.match == "exact":
                self.exact.setdefault(keyword, flow_id)
            elif trigger.match == "starts_with":
                self.beginnings.append((keyword, flow_id))
            else:
                self.parts.append((keyword, flow_id))


def compile_starts(phone_number_ids: Collection[str], flows: Sequence[FlowTriggers]) -> Mapping[str, Starts | None]:
    """What starts on each number; None where nothing does. Numbers that no trigger names share what they have."""
    ordered = sorted(flows, key=lambda flow: (-flow.published_at_us, flow.flow_id.int))
    triggers = [(flow.flow_id, trigger) for flow in ordered for trigger in flow.triggers]
    named = {number for _, trigger in triggers for number in trigger.phone_number_ids}
    written = {text for _, trigger in triggers if trigger.match == "regex" for text in trigger.keywords}
    patterns = {text: pattern for text in written if (pattern := compile_pattern(text)) is not None}
    common = _starts_on("", triggers, patterns)
    return {
        number: _starts_on(number, triggers, patterns) if number in named else common for number in phone_number_ids
    }


def _starts_on(
    phone_number_id: str, triggers: Sequence[tuple[UUID, FlowTrigger]], patterns: Mapping[str, Pattern]
) -> Starts | None:
    starts, is_empty = Starts(), True
    for flow_id, trigger in triggers:
        if not trigger.phone_number_ids or phone_number_id in trigger.phone_number_ids:
            starts.add(flow_id, trigger, patterns)
            is_empty = False
    return None if is_empty else starts


def _holds(wanted: frozenset[str], given: str) -> bool:
    return not wanted or given in wanted
